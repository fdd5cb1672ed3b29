package soak_test

import (
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/bench/soak"
	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

var (
	long    = flag.Duration("soak", 10*time.Second, "how long to soak")
	rate    = flag.Int("rate", 100_000, "frames per second")
	seed    = flag.Uint64("seed", 0, "seed of the faults; 0 is any")
	program = programtest.Flag()
)

func TestMain(m *testing.M) { os.Exit(programtest.Run(m, program)) }

// TestSoak soaks for a while; with -soak 8m for a longer one.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	for *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d", *seed)
	if testing.Short() {
		*long = 4 * time.Second
	}
	r, err := soak.Run(t.Context(), soak.Options{
		Program: *program, Dir: t.TempDir(), Long: *long, Rate: *rate, Seed: *seed, Log: t.Logf,
	})
	t.Logf("%d frames sent, %d came in, %d of them while nothing disturbed the interface; %d lines of output", r.Sent, r.Came, r.Certain, r.Lines)
	for _, name := range slices.Sorted(maps.Keys(r.Counters)) {
		b := r.Counters[name]
		if b.Pipelines == 0 {
			continue
		}
		t.Logf("%s: %d pipelines, received %d, lost %d, forwarded %d, dropped %d", name, b.Pipelines, b.Received, b.Lost, b.Forwarded, b.Dropped)
		for _, sink := range slices.Sorted(maps.Keys(b.Sinks)) {
			t.Logf("  %s: %+v", sink, *b.Sinks[sink])
		}
	}
	t.Logf("faults: %v", r.Faults)
	if err != nil {
		t.Error(err)
	}
}
