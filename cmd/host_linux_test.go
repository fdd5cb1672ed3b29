package cmd_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/hostcheck"
)

// onEmptyHost runs the program in a network namespace with nothing but a loopback
// interface that is down, with all capabilities there.
func onEmptyHost(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr strings.Builder
	c := exec.Command(program, args...)
	c.Stdout, c.Stderr = &stdout, &stderr
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
	}
	if err := c.Run(); err != nil && c.ProcessState == nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("no user namespaces: %v", err)
	}
	return result{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func TestCheckHost(t *testing.T) {
	path := writeConfig(t, `
pipelines:
  p:
    sources: [{type: pcap, interface: lo}]
    sinks: [{type: broadcast, interface: eth9}]
`)
	got := onEmptyHost(t, "check", "--host", "-c", path)
	for _, want := range []string{
		path + ": ok\n", "problem  interface lo is down\n         -> ip link set lo up\n",
		"problem  interface eth9 is not there\n", "ok       capability CAP_NET_RAW is there\n",
	} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("%q is missing in\n%s%s", want, got.stdout, got.stderr)
		}
	}
	if got.status != 1 || got.stderr != "" {
		t.Errorf("exit status %d: %s", got.status, got.stderr)
	}

	got = onEmptyHost(t, "check", "--host", "--format", "json", "-c", path)
	var report struct {
		Files    []string
		Mistakes []any
		Host     []struct {
			Level, Subject, State, Advice string
			Stages                        []string
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil || got.status != 1 || len(report.Host) == 0 {
		t.Fatalf("exit status %d, %v:\n%s%s", got.status, err, got.stdout, got.stderr)
	}
	if first := report.Host[0]; first.Level != hostcheck.Problem.String() || first.Subject != "interface lo" || first.Stages[0] != "p/pcap" {
		t.Errorf("first finding is %+v", first)
	}
}

// TestCheckHostOfMistakes does not look at the host for what can't be run.
func TestCheckHostOfMistakes(t *testing.T) {
	path := writeConfig(t, "pipelines: {p: {sources: [{type: pcap}], sinks: [{type: log}]}}\n")
	plain, host := run(t, "check", "-c", path), run(t, "check", "--host", "-c", path)
	if plain != host || host.status != 2 {
		t.Errorf("with --host %+v, without %+v", host, plain)
	}
	if got := run(t, "check", "--host", "--format", "sarif", "-c", path); got.status != 2 || !strings.Contains(got.stderr, "--format text or json") {
		t.Errorf("as SARIF: %+v", got)
	}
}
