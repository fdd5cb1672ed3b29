package control

import (
	"testing"
	"time"
)

// TestPace reads taps as fast as their rates allow.
func TestPace(t *testing.T) {
	for rate, want := range map[int]struct {
		n     int
		every time.Duration
	}{
		1:       {1, time.Second},
		19:      {1, time.Second / 19},
		20:      {1, 50 * time.Millisecond},
		39:      {1, time.Second / 39},
		40:      {2, 50 * time.Millisecond},
		1000:    {50, 50 * time.Millisecond},
		1 << 30: {53687091, 49999999},
	} {
		if n, every := pace(rate); n != want.n || every != want.every {
			t.Errorf("rate %d: %d every %v, want %+v", rate, n, every, want)
		}
	}
}
