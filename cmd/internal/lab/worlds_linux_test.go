package lab_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// worlds are clusters whose service is in containers.
var worlds = []struct {
	name   string
	config lab.Config
}{
	{"one LAN", lab.Config{Backend: lab.InContainer}},
	{"a subnet for each server", lab.Config{Backend: lab.InContainer, Subnets: 3}},
	{"containers of other servers", lab.Config{Backend: lab.InOtherContainer}},
	{"data plane at the ingress", lab.Config{Backend: lab.InContainer, IngressPlane: true}},
	{"strict rp_filter", lab.Config{Backend: lab.InContainer, StrictRPFilter: true}},
}

// inEachWorld makes 24 downloads, 8 from each of 3 servers, with pmtud's arguments or
// without pmtud.
func inEachWorld(t *testing.T, arguments func(*lab.Network, *lab.Server) []string, check func(*testing.T, lab.Result)) {
	for _, world := range worlds {
		for _, family := range []lab.Family{lab.IPv4, lab.IPv6} {
			t.Run(fmt.Sprint(world.name, ", ", family), func(t *testing.T) {
				t.Parallel()
				config := world.config
				config.Family, config.Pmtud, config.Arguments = family, *pmtud, arguments
				config.Connections, config.Stall = 24, 3*time.Second
				result, err := lab.Run(t.Context(), config)
				netns.Must(t, err)
				t.Log(result)
				check(t, result)
			})
		}
	}
}

// healsNobody wants only those downloads to complete whose server the router sent the PTBs.
func healsNobody(t *testing.T, r lab.Result) {
	if r.Completed != 8 || r.Hung != 16 {
		t.Errorf("%d downloads completed, %d hung, want 8 and 16", r.Completed, r.Hung)
	}
}

func TestContainersWithoutPmtud(t *testing.T) {
	netns.Require(t)
	inEachWorld(t, nil, func(t *testing.T, r lab.Result) {
		healsNobody(t, r)
		netns.Must(t, r.Check())
		if r.Traffic.Returns == 0 {
			t.Error("no server has sent a PTB back that it does not know the connection of")
		}
	})
}

// TestContainersNeedWholeMessages wants the sinks that are for sockets to heal no
// container: Linux does not forward a broadcast, and conntrack takes a message that was
// readdressed for invalid.
func TestContainersNeedWholeMessages(t *testing.T) {
	netns.Require(t)
	for name, arguments := range map[string]func(*lab.Network, *lab.Server) []string{"broadcast": fast, "peers": peers} {
		t.Run(name, func(t *testing.T) { inEachWorld(t, arguments, healsNobody) })
	}
}
