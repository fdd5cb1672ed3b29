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

// inEachWorld makes 24 downloads, 8 from each of 3 servers, in each world, with pmtud as set
// says.
func inEachWorld(t *testing.T, set func(*lab.Config), check func(*testing.T, lab.Result)) {
	for _, world := range worlds {
		for _, family := range []lab.Family{lab.IPv4, lab.IPv6} {
			t.Run(fmt.Sprint(world.name, ", ", family), func(t *testing.T) {
				t.Parallel()
				config := world.config
				config.Family = family
				set(&config)
				check(t, run24(t, config))
			})
		}
	}
}

func run24(t *testing.T, config lab.Config) lab.Result {
	t.Helper()
	config.Pmtud, config.Connections = *pmtud, 24
	result, err := lab.Run(t.Context(), config)
	netns.Must(t, err)
	t.Log(result)
	return result
}

// healsNobody wants only those downloads to complete whose server the router sent the PTBs.
func healsNobody(t *testing.T, r lab.Result) {
	if r.Completed != 8 || r.Hung != 16 {
		t.Errorf("%d downloads completed, %d hung, want 8 and 16", r.Completed, r.Hung)
	}
}

// hangsSoon does not wait for the gaps of the retransmission timer, for where nothing heals.
func hangsSoon(c *lab.Config) { c.Stall = 3 * time.Second }

func TestContainersWithoutPmtud(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	inEachWorld(t, hangsSoon, func(t *testing.T, r lab.Result) {
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
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	for name, arguments := range map[string]func(*lab.Network, *lab.Server) []string{"broadcast": fast, "peers": peers} {
		t.Run(name, func(t *testing.T) {
			inEachWorld(t, func(c *lab.Config) {
				hangsSoon(c)
				c.Arguments = arguments
			}, healsNobody)
		})
	}
}

// relaying returns the configuration with which pmtud heals a world.
func relaying(world lab.Config) func(*lab.Network, *lab.Server) (string, error) {
	if world.IngressPlane {
		return lab.Relaying("as_from: " + lab.Interface)
	}
	return lab.Relaying()
}

func TestRelayHealsContainers(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	inEachWorld(t, func(c *lab.Config) { c.Configuration = relaying(*c) }, func(t *testing.T, r lab.Result) {
		if err := r.Check(); err != nil || r.Completed != 24 {
			t.Errorf("%d of 24 downloads completed: %v", r.Completed, err)
			logExits(t, r.Exits)
		}
	})
}

// TestIngressPlaneSeesNoOtherDevice wants the world whose data plane sits at the ingress of
// the uplink to need as_from.
func TestIngressPlaneSeesNoOtherDevice(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	for _, family := range []lab.Family{lab.IPv4, lab.IPv6} {
		t.Run(family.String(), func(t *testing.T) {
			t.Parallel()
			healsNobody(t, run24(t, lab.Config{
				Family: family, Backend: lab.InContainer, IngressPlane: true, Configuration: lab.Relaying(), Stall: 3 * time.Second,
			}))
		})
	}
}

// TestOnePTBIsOneDatagramForEachPeer wants a message to be relayed once, though its server
// may return it to the router again and again.
func TestOnePTBIsOneDatagramForEachPeer(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	for _, world := range worlds {
		for _, family := range []lab.Family{lab.IPv4, lab.IPv6} {
			t.Run(fmt.Sprint(world.name, ", ", family), func(t *testing.T) {
				t.Parallel()
				config := world.config
				config.Family, config.Pmtud, config.Configuration = family, *pmtud, relaying(config)
				singles, err := lab.RunSingle(t.Context(), config)
				netns.Must(t, err)
				if len(singles) != 3 {
					t.Errorf("%d PTBs, want one for each of 3 servers", len(singles))
				}
				for _, s := range singles {
					t.Log(s)
					if err := s.Check(); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}
