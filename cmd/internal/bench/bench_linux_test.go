package bench

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

var path = programtest.Flag()

func TestMain(m *testing.M) { os.Exit(programtest.Run(m, path)) }

// TestMeasurements measures everything, but shortly.
func TestMeasurements(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("no tcpdump to compare with")
	}
	for _, tc := range []struct {
		name    string
		measure func(context.Context, Config, io.Writer) error
		prints  []string
	}{
		{"live", Live, []string{"median: ", "times the base's", "tcpdump lost", "p99", "at rest", "Memory of pmtud"}},
		{"nflog", NFLOG, []string{"median: ", "times the base's", "tcpdump lost", "latency of pmtud", "latency of tcpdump"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			var compared []string
			err := tc.measure(t.Context(), Config{
				Pmtud: *path, Base: *path, Rounds: 1, Flood: 50 * time.Millisecond, Rate: 10000,
				Latency: 3, Idle: 20 * time.Millisecond, Memory: 50 * time.Millisecond,
				Compared: func(tap string, times []CPUTime) {
					compared = append(compared, tap)
					for _, c := range times {
						if c.Time <= 0 {
							t.Errorf("%s: %s takes %v for a packet", tap, c.Program, c.Time)
						}
					}
				},
			}, &out)
			t.Logf("\n%s", &out)
			if err != nil {
				t.Fatal(err)
			}
			if want := []string{tc.name}; !slices.Equal(compared, want) {
				t.Errorf("compared %v, want %v", compared, want)
			}
			for _, want := range tc.prints {
				if !strings.Contains(out.String(), want) {
					t.Errorf("nothing is printed about %q", want)
				}
			}
		})
	}
}

// TestExpose floods pmtud for a moment, at a rate without loss.
func TestExpose(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	for _, tap := range []func(*bench) (tap, error){newLive, newNFLOG} {
		err := measure(t.Context(), Config{Pmtud: *path}, t.Output(), tap, func(b *bench, ctx context.Context) error {
			const rate = 5000
			r, err := b.expose(ctx, b.pmtud, rate, time.Second)
			if r.sent == 0 || r.got != r.sent || r.lost != 0 || r.cpu <= 0 || r.rate() > 2*rate {
				t.Errorf("%s: measured %+v", b.name, r)
			}
			return err
		})
		netns.Must(t, err)
	}
}
