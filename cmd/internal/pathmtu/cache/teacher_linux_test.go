package cache_test

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/cache"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/pathlab"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestTeacher asks the daemon whose message has taught an entry.
func TestTeacher(t *testing.T) {
	p := pathlab.New(t)
	socket := filepath.Join(t.TempDir(), "p.sock")
	d := exec.Command(*program, "--iface", "eth0", "--control", socket)
	netns.Must(t, p.Client.Start(d))
	t.Cleanup(func() {
		_ = d.Process.Signal(os.Interrupt)
		_ = d.Wait() // with what it got so far
	})
	ask := func(args ...string) (out string) {
		t.Helper()
		c := exec.Command(*program, append([]string{"cache", "--control", socket}, args...)...)
		var text strings.Builder
		c.Stdout = &text
		netns.Must(t, p.Client.Start(c), c.Wait())
		return text.String()
	}
	for host, router := range map[string]string{pathlab.Server4: pathlab.First4, pathlab.Server6: pathlab.First6} {
		c, err := p.Client.Dial(t.Context(), "udp", "", net.JoinHostPort(host, "9"))
		netns.Must(t, err)
		defer c.Close()
		want := "\n  learned from " + router + " at 20"
		for end, got := time.Now().Add(10*time.Second), ""; !strings.Contains(got, want); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("no %q in\n%s", want, got)
			}
			// Whatever was learned before the daemon listened is learned again.
			ask("flush", "--yes")
			_, _ = c.Write(make([]byte, 1500-48)) // too big, or it was
			got = ask(host)
		}
	}
	var report struct{ Entries []cache.Entry }
	if err := json.Unmarshal([]byte(ask("--format", "json")), &report); err != nil || len(report.Entries) == 0 ||
		!report.Entries[0].Router.IsValid() || time.Since(report.Entries[0].Heard) > time.Minute {
		t.Errorf("%v: %+v", err, report)
	}
}
