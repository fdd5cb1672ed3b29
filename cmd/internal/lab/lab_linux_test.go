package lab_test

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/natsserver"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

var pmtud = programtest.Flag()

// The tests wait for timers more than they compute.
func TestMain(m *testing.M) {
	natsserver.Main()
	if len(os.Args) > 1 && os.Args[1] == echo {
		os.Exit(runEcho(os.Stderr))
	}
	os.Exit(programtest.Run(m, pmtud, "-test.parallel=6"))
}

// fast lets pmtud send as often as it likes.
var fast = lab.OnLAN("--src-rate", "10000", "--iface-rate", "10000")

// peers makes pmtud send to all servers by name, which also works across subnets.
func peers(n *lab.Network, s *lab.Server) []string {
	var addresses []string
	for _, peer := range n.Servers {
		addresses = append(addresses, peer.Addr.String())
	}
	return append(fast(n, s), "--peers", strings.Join(addresses, ","))
}

func TestDownloads(t *testing.T) {
	netns.Require(t)
	// Without pmtud no gap of the retransmission timer has to be waited for. With it, gaps are
	// long where many machines share a slow processor, but a download that hangs would hang for ever.
	const short, long = 3 * time.Second, 30 * time.Second
	for _, tc := range []struct {
		name   string
		config lab.Config
	}{
		{"without pmtud", lab.Config{Stall: short}},
		{"without pmtud, two subnets", lab.Config{Stall: short, Servers: 4, Subnets: 2}},
		{"with pmtud", lab.Config{Arguments: lab.OnLAN()}},
		{"with pmtud, five servers, fast", lab.Config{Servers: 5, Arguments: fast}},
		{"with pmtud, clients with own addresses, fast", lab.Config{Clients: 40, Arguments: fast}},
		{"with pmtud, peers in two subnets", lab.Config{Servers: 4, Subnets: 2, Arguments: peers}},
		{"with pmtud, dead peers", lab.Config{Servers: 4, Subnets: 2, Arguments: deadPeers}},
		{"with pmtud, over NFLOG", lab.Config{Arguments: overNFLOG, Prepare: logICMP}},
		{"with pmtud, peers over NFLOG", lab.Config{Servers: 4, Subnets: 2, Arguments: peersOverNFLOG, Prepare: logICMP}},
	} {
		for _, family := range []lab.Family{lab.IPv4, lab.IPv6} {
			t.Run(fmt.Sprint(tc.name, ", ", family), func(t *testing.T) {
				t.Parallel()
				config := tc.config
				config.Family, config.Pmtud, config.Stall = family, *pmtud, cmp.Or(config.Stall, long)
				result, err := lab.Run(t.Context(), config)
				netns.Must(t, err)
				t.Log(result)
				if err := result.Check(); err != nil {
					t.Error(err)
					logExits(t, result.Exits)
				}
				if got := result.Completed + result.Hung; got != result.Config.Connections {
					t.Errorf("%d downloads completed or hung, want %d", got, result.Config.Connections)
				}
			})
		}
	}
}

// logExits logs what the daemons said.
func logExits(t *testing.T, exits []lab.Exit) {
	for _, exit := range exits {
		t.Log(exit.Server, exit.Stderr)
	}
}

func TestOnePTBIsOneBroadcast(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	for _, family := range []lab.Family{lab.IPv4, lab.IPv6} {
		t.Run(family.String(), func(t *testing.T) {
			t.Parallel()
			config := lab.Config{Family: family, Pmtud: *pmtud, Arguments: lab.OnLAN()}
			singles, err := lab.RunSingle(t.Context(), config)
			netns.Must(t, err)
			if len(singles) != 3 {
				t.Errorf("%d PTBs, want one for each of 3 servers", len(singles))
			}
			for _, s := range singles {
				t.Log(s)
				netns.Must(t, s.Check())
			}
		})
	}
}
