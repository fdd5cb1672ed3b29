package lab_test

import (
	"os/exec"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/natsserver"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// startNATS starts a NATS server that is this program, as a process of its own.
func startNATS(config string, environment []string, start func(*exec.Cmd) error) (lab.NATS, error) {
	c := natsserver.Command(config)
	c.Env = append(c.Env, environment...)
	return natsserver.Run(c, start)
}

// TestSites has two sites whose PTBs arrive at the wrong one, with sockets and with containers.
func TestSites(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	for name, backend := range map[string]lab.Backend{"sockets": lab.OnServer, "containers": lab.InContainer} {
		for _, family := range []lab.Family{lab.IPv4, lab.IPv6} {
			t.Run(name+", "+family.String(), func(t *testing.T) {
				results, exits, err := lab.RunSites(t.Context(), lab.SitesConfig{
					Config:    lab.Config{Family: family, Backend: backend, Pmtud: *pmtud, Connections: 24},
					StartNATS: startNATS,
				})
				if err != nil {
					t.Error(err)
				}
				if len(results) != 6 {
					t.Errorf("%d results, want 3 phases at 2 sites", len(results))
				}
				for _, r := range results {
					t.Log(r)
					if err := r.Check(); err != nil {
						t.Error(err)
					}
				}
				if t.Failed() {
					logExits(t, exits)
				}
			})
		}
	}
}
