package probe_test

import (
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/probe"
)

// TestNextSize has routers say what makes sense, and what does not.
func TestNextSize(t *testing.T) {
	for _, tc := range []struct {
		name      string
		mtu, size int
		is6       bool
		want      int
	}{
		{"smaller", 1400, 1500, false, 1400},
		{"smaller, IPv6", 1400, 1500, true, 1400},
		{"none, as old routers do", 0, 1500, false, 1492},
		{"none, of a jumbo frame", 0, 9000, false, 8166},
		{"none, of the size that was tried last", 0, 1492, false, 1006},
		{"none, of the largest", 0, 65535, false, 32000},
		{"none, of the smallest", 0, 68, false, 0},
		{"below IPv4's minimum", 20, 1500, false, 68},
		{"the same", 1500, 1500, false, 0},
		{"larger", 9000, 1500, false, 0},
		{"none, IPv6", 0, 1500, true, 1280},
		{"below IPv6's minimum", 600, 1500, true, 1280},
		{"below IPv6's minimum again", 600, 1280, true, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := probe.NextSize(tc.mtu, tc.size, tc.is6); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}
