package livebench_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/bench/livebench"
	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func TestMain(m *testing.M) { netns.Main(m) }

// TestRun measures everything, but shortly.
func TestRun(t *testing.T) {
	netns.Require(t)
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("no tcpdump to compare with")
	}
	path, remove, err := lab.BuildPmtud(t.Context())
	netns.Must(t, err)
	t.Cleanup(func() { netns.Must(t, remove()) })
	var out bytes.Buffer
	err = livebench.Run(t.Context(), livebench.Config{
		Pmtud: path, Rounds: 1, Flood: 50 * time.Millisecond, Rate: 10000,
		Latency: 5, Idle: 20 * time.Millisecond, Memory: 50 * time.Millisecond,
	}, &out)
	t.Logf("\n%s", &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"median: ", "tcpdump lost", "p99", "at rest", "Memory of pmtud"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing is printed about %q", want)
		}
	}
}
