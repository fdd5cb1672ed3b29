package screen

import (
	"fmt"
	"strings"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// canary shows which servers are not heard, and how many are.
func (t *text) canary(s control.Status) {
	c := s.Canary
	if c == nil {
		return
	}
	heard := 0
	for _, p := range c.Peers {
		if p.Heard {
			heard++
		}
	}
	t.linef("server %s hears %d of %d others by test messages every %v", c.Name, heard, len(c.Peers)+len(c.Missing), Seconds(c.Interval))
	for i, f := range c.Findings {
		if i == mostLabels {
			t.linef("  and %d more", len(c.Findings)-i)
			break
		}
		t.linef("! server %s %s", f.Server, f.Trouble)
	}
	for i, p := range c.Peers {
		if i == mostLabels {
			t.linef("  and %d more", len(c.Peers)-i)
			break
		}
		t.linef("  %s: %s", p.Name, Ways(p, s.Now))
	}
	if c.Overflow+c.Malformed > 0 {
		t.linef("  test messages ignored: %s of servers beyond the limit, %s malformed", readable.Number(c.Overflow), readable.Number(c.Malformed))
	}
}

// Ways tells by which ways a server is heard, and when it was last.
func Ways(p control.CanaryPeer, now time.Time) string {
	var all []string
	for _, w := range p.Ways {
		not := ""
		if !w.Heard {
			not = "NOT "
		}
		all = append(all, fmt.Sprintf("%sby %s, last %s ago, %s", not, w.Way, Age(now.Sub(w.Last)), readable.Number(w.Canaries)))
	}
	return strings.Join(all, "; ")
}

// Seconds returns a number of seconds as a duration.
func Seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ", the last as " + reason
}
