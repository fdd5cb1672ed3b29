package hostcheck_test

import (
	"bufio"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestOtherSenders has a daemon run on the interface that another configuration would
// send on too.
func TestOtherSenders(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t,
		netns.Veth(host, "eth0", wire, "eth0"),
		netns.Veth(host, "eth1", wire, "eth1"),
	)
	startDaemon(t, host, programtest.Build(t), "eth0")
	for name, want := range map[string]int{"eth0": 1, "eth1": 0} {
		var got []string
		for _, line := range check(t, host, broadcastOn(name)) {
			if strings.Contains(line, "other senders") {
				got = append(got, line)
			}
		}
		if len(got) != want || want > 0 && !strings.HasPrefix(got[0], "warning other senders on eth0 exist") {
			t.Errorf("%s: findings %q, want %d", name, got, want)
		}
	}
	for _, line := range check(t, host, captureFrom("eth0")) {
		if strings.Contains(line, "other senders") {
			t.Errorf("where nothing is sent: %s", line)
		}
	}
}

// startDaemon runs the program on an interface until the test ends, and waits until it
// is ready.
func startDaemon(t *testing.T, host *netns.NS, binary, name string) {
	t.Helper()
	daemon := exec.CommandContext(t.Context(), binary, "--iface", name)
	stderr, err := daemon.StderrPipe()
	netns.Must(t, err, host.Start(daemon))
	t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
	})
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		fmt.Fprintln(&said, lines.Text())
		if strings.Contains(lines.Text(), "msg=ready") {
			return
		}
	}
	t.Fatalf("the daemon is not ready:\n%s", &said)
}
