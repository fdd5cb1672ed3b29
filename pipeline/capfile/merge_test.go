package capfile_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
)

// reader returns a Reader of a capture with the given time stamps in microseconds,
// whose packets bear a name.
func reader(tb testing.TB, name string, stamps ...int) *capfile.Reader {
	var packets []pipeline.Packet
	for _, s := range stamps {
		packets = append(packets, pipeline.Packet{
			Data: []byte(name), Length: len(name), Time: pipeline.Instant(s) * 1000, LinkType: 1,
		})
	}
	return capfile.NewReader(bytes.NewReader(write(tb, capfile.WriterOptions{}, packets...)), capfile.ReaderOptions{})
}

func TestMerge(t *testing.T) {
	many := make([]int, 3000)
	for i := range many {
		many[i] = i / 2
	}
	for _, tc := range []struct {
		name    string
		readers []capfile.BatchReader
		want    string
	}{
		{"none", nil, ""},
		{"one", []capfile.BatchReader{reader(t, "a", 1, 2)}, "aa"},
		{"by time", []capfile.BatchReader{reader(t, "a", 3, 5), reader(t, "b", 1, 4, 6), reader(t, "c"), reader(t, "d", 2)}, "bdabab"},
		{"same time", []capfile.BatchReader{reader(t, "a", 1, 1, 2), reader(t, "b", 1, 1, 2), reader(t, "c", 1, 2)}, "aabbcabc"},
		{"step back", []capfile.BatchReader{reader(t, "a", 5, 1), reader(t, "b", 2, 3)}, "bbaa"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := readAll(capfile.NewMerge(tc.readers...), 3)
			if err != nil {
				t.Fatal(err)
			}
			names := ""
			for _, p := range got {
				names += p.Data
			}
			if names != tc.want {
				t.Errorf("got %s, want %s", names, tc.want)
			}
		})
	}
}

// TestMergeRandom compares with a sort, for any number of readers.
func TestMergeRandom(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var readers []capfile.BatchReader
		type stamped struct {
			stamp int
			name  string
		}
		var all []stamped
		for i := range random.IntN(12) {
			var stamps []int
			for range random.IntN(6) {
				stamps = append(stamps, random.IntN(20))
			}
			slices.Sort(stamps)
			name := string(rune('a' + i))
			for _, s := range stamps {
				all = append(all, stamped{s, name})
			}
			readers = append(readers, reader(t, name, stamps...))
		}
		slices.SortStableFunc(all, func(a, b stamped) int { return a.stamp - b.stamp })
		want, got := "", ""
		for _, s := range all {
			want += s.name
		}
		packets, err := readAll(capfile.NewMerge(readers...), 1+random.IntN(9))
		for _, p := range packets {
			got += p.Data
		}
		if got != want || err != nil {
			t.Fatalf("got %s, want %s, error %v", got, want, err)
		}
	}
}

// TestMergeFrom asks which reader each packet of a batch came from.
func TestMergeFrom(t *testing.T) {
	m := capfile.NewMerge(reader(t, "0", 3, 5), reader(t, "1", 1, 4, 6), reader(t, "2"), reader(t, "3", 2))
	dst := make([]pipeline.Packet, 4)
	got := ""
	for {
		n, err := m.ReadBatch(dst)
		if err != nil {
			break
		}
		for i := range n {
			from := fmt.Sprint(m.From(i))
			if from != string(dst[i].Data) {
				t.Errorf("a packet of reader %s comes from %s", dst[i].Data, from)
			}
			got += from
		}
	}
	if got != "130101" {
		t.Errorf("packets come from %s", got)
	}
}

// TestNoRoom reads into no packets, which is no end.
func TestNoRoom(t *testing.T) {
	for name, r := range map[string]capfile.BatchReader{
		"reader": reader(t, "a", 1), "merge": capfile.NewMerge(reader(t, "a", 1)),
	} {
		if n, err := r.ReadBatch(nil); n != 0 || err != nil {
			t.Errorf("%s: %d packets, %v", name, n, err)
		}
		if got, err := readAll(r, 1); len(got) != 1 || err != nil {
			t.Errorf("%s: then %d packets, %v", name, len(got), err)
		}
	}
}

// Bytes stay valid until the next batch although readers come to the end of theirs.
func TestMergeLarge(t *testing.T) {
	parts := make([][]pipeline.Packet, 5)
	all := samplePackets(20000)
	for i, p := range all {
		k := (i * i / 7) % len(parts)
		parts[k] = append(parts[k], p)
	}
	var readers []capfile.BatchReader
	for _, part := range parts {
		file := write(t, capfile.WriterOptions{}, part...)
		readers = append(readers, capfile.NewReader(bytes.NewReader(file), capfile.ReaderOptions{}))
	}
	got, err := readAll(capfile.NewMerge(readers...), 1000)
	if err != nil {
		t.Fatal(err)
	}
	want := asWritten(all)
	byTime := func(a, b captured) int { return int(a.Time - b.Time) }
	if !slices.IsSortedFunc(got, byTime) {
		t.Error("not in the order of time")
	}
	byAll := func(a, b captured) int {
		return 2*bytes.Compare([]byte(a.Data), []byte(b.Data)) + byTime(a, b)/max(1, abs(byTime(a, b)))
	}
	slices.SortFunc(got, byAll)
	slices.SortFunc(want, byAll)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("the packets differ")
	}
}

func abs(n int) int { return max(n, -n) }

func TestMergeError(t *testing.T) {
	broken := join(pcapHeader(le, 0xa1b2c3d4), record(le, 0, 3, 1, "b"), []byte("?"))
	r := capfile.NewMerge(
		reader(t, "a", 1, 2, 4),
		capfile.NewReader(bytes.NewReader(broken), capfile.ReaderOptions{Name: "b"}),
	)
	got, err := readAll(r, 10)
	if len(got) != 3 || err == nil || err.Error() != "read b: at byte 41: the file ends after 1 bytes of a packet's record header" {
		t.Errorf("got %d packets and %v", len(got), err)
	}
}

func TestMergeAllocatesNothing(t *testing.T) {
	var readers []capfile.BatchReader
	for range 3 {
		file := write(t, capfile.WriterOptions{}, samplePackets(40000)...)
		readers = append(readers, capfile.NewReader(bytes.NewReader(file), capfile.ReaderOptions{}))
	}
	m := capfile.NewMerge(readers...)
	dst := make([]pipeline.Packet, 64)
	if _, err := m.ReadBatch(dst); err != nil {
		t.Fatal(err)
	}
	allocs := testing.AllocsPerRun(1000, func() {
		if _, err := m.ReadBatch(dst); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations per batch", allocs)
	}
}
