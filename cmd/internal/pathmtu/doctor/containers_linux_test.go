package doctor_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/pathlab"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestContainers finds a connection that hangs in another network namespace, and a setting there.
func TestContainers(t *testing.T) {
	p := healthy(t)
	err := p.Server.Sysctl("net.ipv4.route.min_pmtu", "1280")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("this kernel has one net.ipv4.route.min_pmtu for all network namespaces")
	}
	netns.Must(t, err, pathlab.Silence(p.Second))
	process := exec.Command("cat") // it lives until its input ends
	in, err := process.StdinPipe()
	netns.Must(t, err, p.Server.Start(process))
	t.Cleanup(func() {
		in.Close()
		if err := process.Wait(); err != nil {
			t.Error(err)
		}
	})
	s := serve(t, p, pathlab.Server4, 200_000)
	c, err := p.Client.Dial(t.Context(), "tcp", "", pathlab.Server4+":80")
	netns.Must(t, err)
	t.Cleanup(func() { c.Close() })
	go drain(c)
	netns.Must(t, ask(c))
	<-s.asked
	close(s.answer)
	awaitAnswer(t, p.Server)

	other := netns.NewTest(t, "node")
	r, status := examine(t, other, "--all-netns")
	name := fmt.Sprintf("cat (process %d)", process.Process.Pid)
	var found []string
	for _, f := range r.Findings {
		if f.Netns == name {
			found = append(found, f.Subject)
		}
	}
	const want = "sysctl net.ipv4.route.min_pmtu, connections to 192.0.2.0/24"
	if got := strings.Join(found, ", "); got != want || status != 1 {
		t.Errorf("exit status %d, found %q in %s, want %q:\n%+v", status, got, name, want, r)
	}
	if r, _ := examine(t, other); len(r.Findings) > 0 {
		t.Errorf("without --all-netns: %+v", r.Findings)
	}
}
