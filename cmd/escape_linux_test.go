package cmd_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// outside is what there is outside of a sandbox.
type outside struct {
	dir    string // the plugin's own
	victim *exec.Cmd
	listen net.Listener
	config string // of a pipeline whose source is taken over, without what confines it
}

// newOutside makes it, for a user if that is not 0.
func newOutside(t *testing.T, uid int) *outside {
	t.Helper()
	root := t.TempDir()
	o := &outside{dir: filepath.Join(root, "own"), victim: exec.Command("sleep", "1000")}
	err := errors.Join(
		os.Chmod(filepath.Dir(root), 0o755), os.Chmod(root, 0o755), os.Mkdir(o.dir, 0o700),
		os.WriteFile(filepath.Join(root, "outside"), nil, 0o600), os.Chmod(filepath.Join(root, "outside"), 0o666),
	)
	if err == nil && uid != 0 {
		err = os.Chown(o.dir, uid, uid)
	}
	if err == nil {
		err = o.victim.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = o.victim.Process.Kill()
		_ = o.victim.Wait()
	})
	abstract := fmt.Sprintf("pmtud-escape-%d", o.victim.Process.Pid)
	o.listen = listen(t, "tcp", "127.0.0.1:0")
	socket := filepath.Join(root, "socket")
	listen(t, "unix", socket)
	listen(t, "unix", "@"+abstract)
	if err := os.Chmod(socket, 0o777); err != nil {
		t.Fatal(err)
	}
	o.config = fmt.Sprintf("pipelines: {p: {sources: [{type: escape, dir: %s, outside: %s/outside, victim: %d, port: %d, unix: %s, abstract: %s}], sinks: [{type: log}]}}\n",
		o.dir, root, o.victim.Process.Pid, o.listen.Addr().(*net.TCPAddr).Port, socket, abstract)
	return o
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// escape runs a plugin that was taken over, and returns what came of its ways out and the
// log of the program.
func escape(t *testing.T, binary string, o *outside, confined string) (results map[string]string, log string) {
	t.Helper()
	path := writeConfig(t, confined+o.config)
	open(t, path)
	p := start(t, exec.Command(binary, "run", "-c", path))
	p.await("all ways were tried")
	p.stop()
	return resultsIn(p.log()), p.log()
}

// resultsIn returns what came of the ways out.
func resultsIn(log string) map[string]string {
	results := map[string]string{}
	for line := range strings.Lines(log) {
		way, ok := strings.CutPrefix(line, "way ")
		if at := strings.LastIndex(way, ": "); ok {
			results[way[:at]] = strings.TrimSpace(way[at+2:])
		}
	}
	return results
}

// buildEscape builds the program with that plugin, for every user.
func buildEscape(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "escape")
	build := exec.Command("go", "build", "-o", binary, "./testdata/escape")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build escape: %v\n%s", err, out)
	}
	open(t, binary)
	return binary
}

// refusals are what the sandbox says no with.
var refusals = []string{"EPERM", "EACCES", "ENOSYS", "EAFNOSUPPORT", "EPROTONOSUPPORT"}

// TestEscapes has a plugin try every way out of the sandbox, as root and as an ordinary user,
// and first where nothing confines it: a way that leads nowhere anyway would prove nothing.
func TestEscapes(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	binary := buildEscape(t)
	if os.Getuid() != 0 {
		o := newOutside(t, 0)
		checkFree(t, binary, o, "")
		checkConfined(t, binary, o, "")
		return
	}
	t.Run("root", func(t *testing.T) {
		o := newOutside(t, 0)
		checkFree(t, binary, o, "user: root\n")
		checkConfined(t, binary, o, "user: root\n")
	})
	t.Run("nobody", func(t *testing.T) { checkConfined(t, binary, newOutside(t, 65534), "user: \"65534\"\n") })
}

// checkFree wants the ways to be open without a sandbox.
func checkFree(t *testing.T, binary string, o *outside, user string) {
	t.Helper()
	free, _ := escape(t, binary, o, user+"sandbox: off\n")
	if err := os.Remove(filepath.Join(o.dir, "missing.fifo")); err != nil {
		t.Error(err)
	}
	// These take a right that an ordinary user has not, or a kernel that is newer.
	notAlways := []string{"sockets: raw", "kernel: bpf", "kernel: newer calls", "sockets: io_uring", "sockets: netfilter"}
	for name, result := range free {
		if slices.Contains(refusals, result) && !slices.Contains(notAlways, name) {
			t.Errorf("%s is refused without a sandbox: %s", name, result)
		}
	}
	if len(free) < 35 {
		t.Errorf("%d ways were tried", len(free))
	}
}

// checkConfined wants all ways to be closed, but those for which the kernel has nothing.
func checkConfined(t *testing.T, binary string, o *outside, user string) {
	t.Helper()
	confined, log := escape(t, binary, o, user+"sandbox: auto\n")
	if !strings.Contains(log, "calls=seccomp") {
		t.Fatalf("no seccomp:\n%s", log)
	}
	landlock := strings.Contains(log, "files=\"landlock")
	if !landlock && !strings.Contains(log, "remains=") {
		t.Errorf("the log does not say what remains without Landlock:\n%s", log)
	}
	for name, result := range confined {
		if !slices.Contains(refusals, result) && (landlock || !strings.HasPrefix(name, "landlock: ")) {
			t.Errorf("%s: %s", name, result)
		}
	}
	if len(confined) < 35 {
		t.Errorf("%d ways were tried", len(confined))
	}
}
