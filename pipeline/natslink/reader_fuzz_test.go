package natslink_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/natslink"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/sealed"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// packet returns the IP packet of a PTB.
func packet() []byte { return pipelinetest.PTB{}.Frame()[14:] }

func plainReader(t testing.TB) *natslink.Reader {
	t.Helper()
	r, err := natslink.NewReader(&natslink.Settings{}, 5*time.Second)
	netns.Must(t, err)
	return r
}

// TestPlainFormat has the bytes of a message as the documentation of the package says.
func TestPlainFormat(t *testing.T) {
	w, err := natslink.NewWriter(&natslink.Settings{})
	netns.Must(t, err)
	got := w.Append([]byte("before"), packet(), now)[len("before"):]
	sender := got[1:17]
	want := append([]byte{129}, sender...)
	want = binary.BigEndian.AppendUint64(want, 1767323045000000006)
	want = append(want, packet()...)
	if !bytes.Equal(got, want) {
		t.Errorf("message\n%s, want\n%s", hex.Dump(got), hex.Dump(want))
	}
	other, err := natslink.NewWriter(&natslink.Settings{})
	netns.Must(t, err)
	if bytes.Equal(other.Append(nil, packet(), now)[1:17], sender) {
		t.Error("two senders have the same identity")
	}
	if again := w.Append(nil, packet(), now); !bytes.Equal(again, got) {
		t.Error("a sender has two identities")
	}
}

func TestReader(t *testing.T) {
	w, err := natslink.NewWriter(&natslink.Settings{})
	netns.Must(t, err)
	longest := make([]byte, sealed.MaxPacket)
	longest[0], longest[2], longest[3] = 0x45, sealed.MaxPacket>>8, sealed.MaxPacket&0xff
	for _, tc := range []struct {
		name    string
		message []byte
		want    natslink.Fault
	}{
		{"sound", w.Append(nil, packet(), now), natslink.OK},
		{"oldest", w.Append(nil, packet(), now.Add(-5*time.Second)), natslink.OK},
		{"too old", w.Append(nil, packet(), now.Add(-5*time.Second-1)), natslink.TooOld},
		{"farthest ahead", w.Append(nil, packet(), now.Add(5*time.Second)), natslink.OK},
		{"too far ahead", w.Append(nil, packet(), now.Add(5*time.Second+1)), natslink.TooOld},
		{"lowest time", w.Append(nil, packet(), time.Unix(0, -1<<63)), natslink.TooOld},
		{"highest time", w.Append(nil, packet(), time.Unix(0, 1<<63-1)), natslink.TooOld},
		{"longest", w.Append(nil, longest, now), natslink.OK},
		{"longest of all", make([]byte, natslink.Overhead+sealed.MaxPacket), natslink.OtherVersion},
		{"too large", make([]byte, natslink.Overhead+sealed.MaxPacket+1), natslink.TooLarge},
		{"empty", nil, natslink.Malformed},
		{"version alone", []byte{129}, natslink.Malformed},
		{"no packet", w.Append(nil, nil, now), natslink.NotIP},
		{"header cut", w.Append(nil, nil, now)[:24], natslink.Malformed},
		{"packet cut", w.Append(nil, packet()[:50], now), natslink.NotIP},
		{"padding", append(w.Append(nil, packet(), now), 0), natslink.NotIP},
		{"sealed", []byte{1}, natslink.UnknownKey},
		{"version 0", []byte{0}, natslink.OtherVersion},
		{"version 2", []byte{2}, natslink.OtherVersion},
		{"version 130", []byte{130}, natslink.OtherVersion},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, fault := plainReader(t).Open(bytes.Clone(tc.message), now)
			if fault != tc.want || (fault == natslink.OK) != (got != nil) {
				t.Errorf("%v, %x, want %v", fault, got, tc.want)
			}
		})
	}
	if natslink.TooOld.String() != "too-old" || natslink.Fault(200).String() != "not-ip" {
		t.Error("names of faults")
	}
}

// FuzzReader wants that nothing makes a reader panic, and that what it takes is one IP packet
// of a message of its own kind.
func FuzzReader(f *testing.F) {
	const secret = "a text that is long enough"
	plain, err := natslink.NewWriter(&natslink.Settings{})
	netns.Must(f, err)
	sealing, err := natslink.NewWriter(&natslink.Settings{Key: []string{secret}})
	netns.Must(f, err)
	f.Add(plain.Append(nil, packet(), now), false)
	f.Add(sealing.Append(nil, packet(), now), true)
	f.Add([]byte{129, 0}, false)
	f.Fuzz(func(t *testing.T, message []byte, isSealed bool) {
		s := &natslink.Settings{}
		if isSealed {
			s.Key = []string{secret}
		}
		r, err := natslink.NewReader(s, 5*time.Second)
		netns.Must(t, err)
		before := bytes.Clone(message)
		got, fault := r.Open(message, now)
		if fault >= natslink.Faults || (fault == natslink.OK) != sealed.IsIP(got) {
			t.Fatalf("%v, packet %x", fault, got)
		}
		if fault != natslink.OK {
			return
		}
		if want := map[bool]byte{true: 1, false: 129}[isSealed]; before[0] != want {
			t.Errorf("a message that begins with %d was taken", before[0])
		}
		if !isSealed && !bytes.HasSuffix(before, got) {
			t.Errorf("packet %x of another message", got)
		}
	})
}
