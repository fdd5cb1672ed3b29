package cmd_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd"
)

// TestProbeProgress probes the loopback interface on a terminal, which shows what goes on.
func TestProbeProgress(t *testing.T) {
	master, slave := terminal(t)
	var stdout strings.Builder
	streams := cmd.Streams{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: slave}
	if status := cmd.Run(t.Context(), []string{"probe", "127.0.0.1"}, streams, cmd.Program{Plugins: cmd.Plugins()}); status != 0 {
		t.Errorf("exit status %d", status)
	}
	got := shown(t, master, slave)
	if !strings.Contains(got, "\r127.0.0.1: asking the host ") || !strings.HasSuffix(got, " \r") {
		t.Errorf("the terminal shows %q", got)
	}
	if !strings.Contains(got, ": hops 1 to 1 ") || strings.Contains(got, ": hops 2 ") {
		t.Errorf("this host is one hop away, but the terminal shows %q", got)
	}
	want := regexp.MustCompile(`^Path to 127\.0\.0\.1 from 127\.0\.0\.1, interface MTU 65535
 hop  router           time    MTU
   1  127\.0\.0\.1     \d\.\d\d ms  65535  the host
Path MTU 65535: the host answers packets of this size\.
$`)
	if !want.MatchString(stdout.String()) {
		t.Errorf("printed %q", &stdout)
	}
}

// TestProbeInterrupted ends with what is known of the others.
func TestProbeInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr strings.Builder
	streams := cmd.Streams{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr}
	status := cmd.Run(ctx, []string{"probe", "127.0.0.1"}, streams, cmd.Program{Plugins: cmd.Plugins()})
	if status != 1 || stdout.String() != "" || stderr.String() != "pmtud: interrupted\n" {
		t.Errorf("exit status %d, %q, %q", status, &stdout, &stderr)
	}
}
