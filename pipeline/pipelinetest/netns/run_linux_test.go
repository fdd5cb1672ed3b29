package netns_test

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// program returns a command that runs the test binary in the role, as a process
// that nothing has re-executed yet.
func program(t *testing.T, as string, env ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestNeedy$", "-test.v")
	cmd.Env = append(os.Environ(), append([]string{"PIPELINETEST_NETNS=", "CI=", role + "=" + as}, env...)...)
	return cmd
}

// requireInside skips a test of what user namespaces are needed for: root can
// have network namespaces where the system has no others.
func requireInside(t *testing.T) {
	t.Helper()
	netns.Require(t)
	if !netns.Inside() {
		t.Skip("no user namespaces: ", os.Getenv("PIPELINETEST_NETNS"))
	}
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatal(err)
	}
	return exit.ExitCode()
}

func TestRunIsRootInNamespaceOfItsOwn(t *testing.T) {
	requireInside(t)
	if uid := os.Getuid(); uid != 0 {
		t.Errorf("user id %d, want 0", uid)
	}
	interfaces, err := net.Interfaces()
	netns.Must(t, err)
	var names []string
	for _, ifi := range interfaces {
		if ifi.Flags&net.FlagUp != 0 {
			names = append(names, ifi.Name)
		}
	}
	if diff := cmp.Diff([]string{"lo"}, names); diff != "" {
		t.Errorf("interfaces that are up (-want +got):\n%s", diff)
	}
}

func TestRunPassesStatusOn(t *testing.T) {
	netns.Require(t)
	out, err := program(t, "status 7").CombinedOutput()
	if code := exitCode(t, err); code != 7 {
		t.Errorf("status %d, want 7; output %q", code, out)
	}
}

func TestRunPassesSignalsOn(t *testing.T) {
	netns.Require(t)
	cmd := program(t, "wait for SIGTERM")
	out, err := cmd.StdoutPipe()
	netns.Must(t, err, cmd.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "waiting\n" {
		t.Fatalf("read %q, %v", line, err)
	}
	netns.Must(t, cmd.Process.Signal(syscall.SIGTERM))
	if code := exitCode(t, cmd.Wait()); code != 9 {
		t.Errorf("status %d, want 9", code)
	}
}

func TestRunTakesInnerProcessWithIt(t *testing.T) {
	requireInside(t)
	cmd := program(t, "wait for SIGTERM")
	out, err := cmd.StdoutPipe()
	netns.Must(t, err, cmd.Start())
	r := bufio.NewReader(out)
	if line, err := r.ReadString('\n'); err != nil || line != "waiting\n" {
		t.Fatalf("read %q, %v", line, err)
	}
	netns.Must(t, cmd.Process.Kill())
	// The pipe ends when the inner process, its last writer, is gone.
	if rest, err := r.ReadString('\n'); rest != "" || err == nil {
		t.Errorf("read %q, %v; want the end", rest, err)
	}
	_ = cmd.Wait()
}

// TestNeedy stands for any test that needs a namespace.
func TestNeedy(t *testing.T) {
	netns.Require(t)
	t.Log("has its namespace")
}

func TestRequireWhereNamespacesAreForbidden(t *testing.T) {
	requireInside(t)
	for _, tc := range []struct {
		name   string
		env    string
		status int
		want   []string
	}{
		{"on a desk", "CI=", 0, []string{"--- SKIP: TestNeedy", "user.max_user_namespaces is 0", "start in user namespace"}},
		{"in CI", "CI=true", 1, []string{"--- FAIL: TestNeedy", "user.max_net_namespaces is 0", "CI is true"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cmd := program(t, "forbidden", tc.env)
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Cloneflags:  syscall.CLONE_NEWUSER,
				UidMappings: []syscall.SysProcIDMap{{Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{Size: 1}},
			}
			out, err := cmd.CombinedOutput()
			if code := exitCode(t, err); code != tc.status {
				t.Errorf("status %d, want %d", code, tc.status)
			}
			for _, want := range tc.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("output does not say %q:\n%s", want, out)
				}
			}
		})
	}
}
