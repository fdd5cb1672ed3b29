package pcap

import (
	"slices"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// TestAhead has a packet for each letter: those delivered ahead, and then the copies.
func TestAhead(t *testing.T) {
	for _, tc := range []struct {
		name   string
		ahead  string
		copies string
		after  time.Duration // from the ahead ones to their copies
		want   string        // what is no copy
		left   int           // of those ahead
	}{
		{"none", "", "abc", 0, "abc", 0},
		{"all", "abc", "abc", 0, "", 0},
		{"some", "bd", "abcde", 0, "ace", 0},
		{"in another order", "abc", "cab", 0, "", 0},
		{"the same bytes", "aab", "aaab", 0, "a", 0},
		{"copies that are lost", "abc", "bd", 0, "d", 2},
		{"a second later", "abc", "ac", copyDelay, "", 1},
		{"more than a second later", "abc", "ac", copyDelay + 1, "ac", 0},
		{"a clock set back", "abc", "ac", -time.Hour, "", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			const begin = 1_800_000_000 * pipeline.Instant(time.Second)
			a := newAhead()
			for _, p := range packets(tc.ahead, begin) {
				a.add(&p)
			}
			batch := packets(tc.copies, begin+pipeline.Instant(tc.after))
			got := ""
			for _, p := range batch[:a.without(batch)] {
				got += string(p.Data)
			}
			if got != tc.want || len(a.packets) != tc.left {
				t.Errorf("%q are no copies, want %q; %d are left, want %d", got, tc.want, len(a.packets), tc.left)
			}
		})
	}
}

// packets returns a packet for each letter.
func packets(letters string, at pipeline.Instant) (all []pipeline.Packet) {
	for letter := range slices.Values([]byte(letters)) {
		all = append(all, pipeline.Packet{Data: []byte{letter}, Time: at})
	}
	return all
}
