package replay_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/offline/replay"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// numbered returns packets a microsecond apart that say by MTU which they are.
func numbered(n int) []pipeline.Packet {
	packets := make([]pipeline.Packet, n)
	for i := range packets {
		packets[i] = pipelinetest.PTB{MTU: uint32(numberedMTU(i))}.Packet(pipelinetest.Begin + pipeline.Instant(i)*1000)
	}
	return packets
}

func numberedMTU(i int) int { return 100 + i%1009 }

// TestManyBatches has more packets than are read ahead, from three captures of which one is
// compressed, and wants each reported with its own bytes and place.
func TestManyBatches(t *testing.T) {
	const n = 40_000
	packets := numbered(n)
	var parts [3][]pipeline.Packet
	for i, p := range packets {
		k := i * i % 3 * (i % 2) // 0 or 1, and 2 for a stretch without the others
		if i > n/2 && i < n/2+n/10 {
			k = 2
		}
		parts[k] = append(parts[k], p)
	}
	folder := t.TempDir()
	names := []string{"a.pcap", "b.pcapng", "c.pcap.gz"}
	var paths []string
	for k, name := range names {
		path := filepath.Join(folder, name)
		writeCapture(t, path, parts[k])
		if strings.HasSuffix(name, ".gz") {
			compress(t, path)
		}
		paths = append(paths, path)
	}
	got, err := run(t.Context(), t, twoSinks, replay.Options{Captures: paths})
	if err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(strings.NewReader(got.verdicts))
	numbers := map[string]int{}
	for i := range n {
		var line struct {
			Capture string
			Packet  int
			MTU     int
			Time    time.Time
		}
		if err := lines.Decode(&line); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		numbers[line.Capture]++
		if line.MTU != numberedMTU(i) || !line.Time.Equal(packets[i].Time.Time()) || line.Packet != numbers[line.Capture] {
			t.Fatalf("line %d: %+v, want MTU %d, time %v and packet %d", i+1, line, numberedMTU(i), packets[i].Time.Time(), numbers[line.Capture])
		}
	}
	if lines.More() {
		t.Error("there are more lines")
	}
	for k, name := range names {
		if numbers[name] != len(parts[k]) || len(parts[k]) == 0 {
			t.Errorf("%d packets of %s, want %d", numbers[name], name, len(parts[k]))
		}
	}
}

func compress(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err = z.Write(data)
	if err := errors.Join(err, z.Close(), os.WriteFile(path, out.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// TestStopsReading has a replay end by an error of its output, though a stream that it
// reads has more to come.
func TestStopsReading(t *testing.T) {
	stdin, feed := io.Pipe()
	defer feed.Close()
	data, err := os.ReadFile(capture(t, "in.pcap", numbered(10_000)))
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = feed.Write(data) }() // and then nothing
	full := errors.New("disk is full")
	_, err = replay.Run(t.Context(), spec(t, twoSinks), replay.Options{
		Captures: []string{capfile.Stdin}, Stdin: stdin, Verdicts: failing{full},
	})
	if !errors.Is(err, full) || strings.Contains(err.Error(), "cancel") {
		t.Errorf("error %v", err)
	}
}
