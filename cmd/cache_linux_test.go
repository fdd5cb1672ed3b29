package cmd_test

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/cache"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/pathlab"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestCache asks a host that has learned nothing; package cache's tests have hosts that have.
func TestCache(t *testing.T) {
	for _, tc := range []struct {
		args   string
		status int
		stdout string
		stderr string
	}{
		{"cache", 0, "nothing was learned, or not used yet; ask for a host: pmtud cache ADDRESS\n", ""},
		{"cache list 192.0.2.1", 0, "nothing was learned about 192.0.2.1\n", ""},
		{"cache flush --yes", 0, "deleted 0 path MTUs (IPv4: 0, IPv6: 0)\n", ""},
		{"cache flush --yes 2001:db8::1", 0, "deleted 0 path MTUs (IPv4: 0, IPv6: 0)\n", ""},
		{
			"cache flush --yes 192.0.2.1", 1, "",
			"pmtud: the kernel can't delete what it has learned about one IPv4 address, only all of it: pmtud cache flush -4\n",
		},
	} {
		t.Run(tc.args, func(t *testing.T) {
			want := result{tc.status, tc.stdout, tc.stderr}
			if got := onEmptyHost(t, strings.Fields(tc.args)...); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	var report struct{ Entries []any }
	got := onEmptyHost(t, "cache", "--format", "json")
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil || report.Entries == nil {
		t.Errorf("%v: %s", err, got.stdout)
	}
}

// TestCacheTeacher asks the daemon whose message has taught an entry.
func TestCacheTeacher(t *testing.T) {
	p := pathlab.New(t)
	socket := filepath.Join(socketFolder(t), "p.sock")
	d := exec.Command(program, "--iface", "eth0", "--control", socket)
	netns.Must(t, p.Client.Start(d))
	t.Cleanup(func() {
		_ = d.Process.Signal(os.Interrupt)
		_ = d.Wait() // with what it got so far
	})
	ask := func(args ...string) (out string) {
		t.Helper()
		c := exec.Command(program, append([]string{"cache", "--control", socket}, args...)...)
		var text strings.Builder
		c.Stdout = &text
		netns.Must(t, p.Client.Start(c), c.Wait())
		return text.String()
	}
	for host, router := range map[string]string{pathlab.Server4: pathlab.First4, pathlab.Server6: pathlab.First6} {
		c, err := p.Client.Dial(t.Context(), "udp", "", net.JoinHostPort(host, "9"))
		netns.Must(t, err)
		defer c.Close()
		want := "\n  by a message of " + router + " at 20"
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

// TestFlushQuestion is asked on a terminal, and says no.
func TestFlushQuestion(t *testing.T) {
	master, slave := terminal(t)
	if _, err := master.WriteString("n\n"); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	status := cmd.Run(t.Context(), []string{"cache", "flush", "-6"}, cmd.Streams{Stdin: slave, Stdout: &stdout, Stderr: &stderr}, cmd.Program{Plugins: cmd.Plugins()})
	if status != 1 || stdout.String() != "" || !strings.HasPrefix(stderr.String(), "Delete ") ||
		!strings.HasSuffix(stderr.String(), "? [y/N] pmtud: nothing was deleted\n") {
		t.Errorf("exit status %d, %q, %q", status, &stdout, &stderr)
	}
}
