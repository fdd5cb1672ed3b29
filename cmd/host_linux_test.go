package cmd_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
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
		"problem  interface eth9 does not exist\n", "ok       capability CAP_NET_RAW is available\n",
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

// TestCheckHostAsUser looks at files as the user that the daemon becomes: it opens them as
// root, and rotates and reloads as nobody.
func TestCheckHostAsUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can look with the rights of another user")
	}
	dir := t.TempDir()
	for _, path := range []string{filepath.Dir(dir), dir} { // what TempDir has made
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	nobodys := filepath.Join(dir, "nobodys")
	if err := errors.Join(os.Mkdir(nobodys, 0o700), os.Chown(nobodys, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	const text = "user: nobody\npipelines: {p: {sources: [{type: pcap-file, path: a.pcap}], sinks: [{type: pcap-file, path: %s}]}}\n"
	for name, tc := range map[string]struct {
		out             string
		capture, config os.FileMode
		want            string
		status          int
	}{
		"rights": {nobodys + "/b.pcap", 0o644, 0o644, "file " + nobodys + "/b.pcap can be written\n", 0},
		"root's folder": {
			dir + "/b.pcap", 0o644, 0o644,
			"file " + dir + "/b.pcap can't be created in " + dir + ": permission denied, as user nobody: it can't be rotated or opened again\n", 1,
		},
		"root's capture": {
			nobodys + "/b.pcap", 0o600, 0o644,
			"file a.pcap can't be read: a.pcap: permission denied, as user nobody: it can't be rotated or opened again\n", 1,
		},
		"root's configuration": {
			nobodys + "/b.pcap", 0o644, 0o600,
			"file edge.yaml can't be read: edge.yaml: permission denied, as user nobody: a reload will fail\n", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(dir)
			err := errors.Join(
				os.WriteFile("a.pcap", nil, tc.capture), os.Chmod("a.pcap", tc.capture),
				os.WriteFile("edge.yaml", fmt.Appendf(nil, text, tc.out), tc.config), os.Chmod("edge.yaml", tc.config),
			)
			if err != nil {
				t.Fatal(err)
			}
			got := run(t, "check", "--host", "-c", "edge.yaml")
			if got.status != tc.status || !strings.Contains(got.stdout, tc.want) || !strings.Contains(got.stdout, "user nobody exists\n") {
				t.Errorf("exit status %d, want %d and %q:\n%s%s", got.status, tc.status, tc.want, got.stdout, got.stderr)
			}
		})
	}
}

// TestCheckHostOfAnotherUser can't look with the rights of another user, and says so.
func TestCheckHostOfAnotherUser(t *testing.T) {
	path := writeConfig(t, "user: \"4000000\"\npipelines: {p: {sources: [{type: pcap-file, path: /dev/null}], sinks: [{type: log}]}}\n")
	got := onEmptyHost(t, "check", "--host", "-c", path)
	const want = "warning  user 4000000 has rights that can't be checked: take the rights of user 4000000: "
	if got.status != 0 || !strings.Contains(got.stdout, want) {
		t.Errorf("exit status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
}
