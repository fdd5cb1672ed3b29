package cmd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestClockSteps has the host's clock set in the middle of a capture of ten messages a
// second, of which one may pass: a limiter neither fills up at a step nor starves
// after it, but for the ten seconds that a small step is waited out.
func TestClockSteps(t *testing.T) {
	const seconds = 60
	for _, tc := range []struct {
		name string
		step time.Duration
		want int // messages that pass, give or take one
	}{
		{"none", 0, seconds},
		{"back by an hour", -time.Hour, seconds},
		{"back by years", -100_000 * time.Hour, seconds},
		{"back by five seconds", -5 * time.Second, seconds - 5},
		{"back by ten seconds", -10 * time.Second, seconds - 10},
		{"forward by an hour", time.Hour, seconds + 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			capture := filepath.Join(t.TempDir(), "steps.pcap")
			writeSteps(t, capture, seconds, tc.step)
			got := run(t, "run", "-c", writeConfig(t, fmt.Sprintf(`
pipelines:
  p:
    sources: [{type: pcap-file, path: %s}]
    filters: [{type: icmp-ptb}, {type: iface-rate, rate: 1, burst: 1}]
    sinks: [{type: log, queue: {max_age: 1s}}]
`, capture)))
			forwarded := forwardedOf(t, got.stderr)
			if !strings.Contains(got.stderr, "failed=0 shed=0") { // packets of a file are of any age
				t.Errorf("packets are missing:\n%s", got.stderr)
			}
			if got.status != 0 || forwarded < tc.want-1 || forwarded > tc.want+1 {
				t.Errorf("%d passed, want %d; exit status %d\n%s", forwarded, tc.want, got.status, got.stderr)
			}
		})
	}
}

// writeSteps writes messages, ten a second for so many seconds, of a host whose clock
// is set halfway.
func writeSteps(t *testing.T, path string, seconds int, step time.Duration) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := capfile.NewWriter(f, capfile.WriterOptions{})
	for i := range 10 * seconds {
		at := pipelinetest.Begin + pipeline.Instant(time.Duration(i)*time.Second/10)
		if i >= 5*seconds {
			at += pipeline.Instant(step)
		}
		p := pipelinetest.PTB{}.Packet(at)
		if err := w.Write(&p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

var forwardedField = regexp.MustCompile(`msg="pipeline stopped" pipeline=p received=\d+ forwarded=(\d+)`)

// forwardedOf reads the number of forwarded packets in a log.
func forwardedOf(t *testing.T, log string) int {
	t.Helper()
	field := forwardedField.FindStringSubmatch(log)
	if field == nil {
		t.Fatalf("no counters in\n%s", log)
	}
	n, err := strconv.Atoi(field[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
