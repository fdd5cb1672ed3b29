package lab_test

import (
	"os"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestMisdirected runs configs/misdirected.yaml on all servers: the one that gets the PTBs prints
// those about connections of the others, and nothing is sent.
func TestMisdirected(t *testing.T) {
	netns.Require(t)
	t.Parallel()
	text, err := os.ReadFile("../../../configs/misdirected.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, err := lab.Run(t.Context(), lab.Config{
		Pmtud: *pmtud, Stall: 3 * time.Second,
		Configuration: func(*lab.Network, *lab.Server) (string, error) { return string(text), nil },
	})
	netns.Must(t, err)
	if r.Hung == 0 || r.Traffic.Broadcasts > 0 {
		t.Errorf("%v", r)
	}
	for _, e := range r.Exits {
		if got, want := e.Stdout != "", r.Traffic.PTBsTo[e.Server] > 0; got != want || e.Status != 0 {
			t.Errorf("%s: %d PTBs, exit status %d, printed\n%s%s", e.Server, r.Traffic.PTBsTo[e.Server], e.Status, e.Stdout, e.Stderr)
		}
	}
}
