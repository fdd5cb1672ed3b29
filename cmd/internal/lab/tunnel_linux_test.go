package lab_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestTunnels wants all downloads to complete over tunnels, whose MTU is below that of the
// clients' interface, and those of one server alone without pmtud.
func TestTunnels(t *testing.T) {
	netns.Require(t)
	for _, tunnel := range []netns.TunnelKind{netns.GRE, netns.WireGuard} {
		for _, family := range []lab.Family{lab.IPv4, lab.IPv6} {
			t.Run(fmt.Sprint(tunnel, ", ", family), func(t *testing.T) {
				config := lab.Config{Family: family, Tunnel: tunnel, Pmtud: *pmtud, Connections: 24, Arguments: fast}
				r, err := lab.Run(t.Context(), config)
				if errors.Is(err, errors.ErrUnsupported) {
					t.Skip("this kernel has no such tunnel: ", err)
				}
				netns.Must(t, err)
				t.Log(r)
				if r.Completed != 24 {
					t.Errorf("%d of 24 downloads completed: %v", r.Completed, r.Check())
					logExits(t, r.Exits)
				}
				config.Arguments = nil
				hangsSoon(&config)
				r, err = lab.Run(t.Context(), config)
				netns.Must(t, err)
				healsNobody(t, r)
			})
		}
	}
}
