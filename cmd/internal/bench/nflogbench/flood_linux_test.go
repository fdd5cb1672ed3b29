package nflogbench

import (
	"os"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/filters/length"
	"github.com/pmtud/pmtud/filters/mtu"
	"github.com/pmtud/pmtud/filters/portlist"
	"github.com/pmtud/pmtud/filters/srcrate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/logsink"
	"github.com/pmtud/pmtud/sources/nflog"
)

// asPmtud is the environment variable that makes the test binary pmtud.
const asPmtud = "NFLOGBENCH_AS_PMTUD"

func TestMain(m *testing.M) {
	if os.Getenv(asPmtud) != "" {
		os.Exit(cmd.Main(cmd.Program{Plugins: []pipeline.Plugin{
			nflog.Plugin(), icmpptb.Plugin(), length.Plugin(), mtu.Plugin(),
			portlist.Plugin(), srcrate.Plugin(), ifacerate.Plugin(), logsink.Plugin(),
		}}))
	}
	netns.Main(m)
}

// TestMeasurement measures pmtud for a moment, at a rate without loss.
func TestMeasurement(t *testing.T) {
	netns.Require(t)
	t.Setenv(asPmtud, "1")
	n, err := newNetwork()
	netns.Must(t, err)
	defer n.close()
	b := bench{Config: Config{Singles: 3}, net: n, out: t.Output()}
	b.pmtud, err = pmtud("/proc/self/exe", t.TempDir())
	netns.Must(t, err)

	const rate = 5000
	r, err := b.flood(t.Context(), b.pmtud, rate, time.Second)
	netns.Must(t, err)
	if r.logged == 0 || r.received != r.logged || r.cpu <= 0 || r.rate > 2*rate {
		t.Errorf("measured %+v", r)
	}
	times, err := b.singles(t.Context(), b.pmtud)
	netns.Must(t, err)
	if len(times) != b.Singles {
		t.Errorf("%d packets by themselves, want %d", len(times), b.Singles)
	}
}
