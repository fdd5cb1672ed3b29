package cmd_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
)

// TestConfined runs the program as it is by default, and then asks it by reloads for
// more than it was started with: a file elsewhere, and sockets of another family.
func TestConfined(t *testing.T) {
	path := forever(t, "")
	c := exec.Command(program, "run", "-c", path)
	c.Stdout = io.Discard
	p := start(t, c)
	p.await("msg=ready")
	if !strings.Contains(p.log(), `msg="process confined" capabilities=none`) {
		t.Errorf("not confined:\n%s", p.log())
	}
	checkStatus(t, c.Process.Pid, "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000")
	if strings.Contains(p.log(), "files=\"landlock") {
		elsewhere := t.TempDir()
		more(t, p, path, "type: pcap-file, path: "+elsewhere+"/x.pcap", "sink pcap-file", "the right to write in "+elsewhere)
		more(t, p, path, "type: peers, dry_run: true, addresses: [peers.example]", "sink peers", "the right to read in /etc")
	}
	if strings.Contains(p.log(), "calls=seccomp") {
		more(t, p, path, "type: peers, dry_run: true, addresses: [192.0.2.1]", "sink peers", "AF_NETLINK sockets, AF_INET sockets, AF_INET6 sockets")
	}
	more(t, p, path, "type: broadcast, interface: lo", "sink broadcast", "CAP_NET_RAW")
	p.signal(unix.SIGTERM)
	if status := p.end(); status != 0 {
		t.Errorf("exit status %d:\n%s", status, p.log())
	}
}

// more asks a running program for one more pipeline and waits for its refusal, which
// names the place, the stage and what it lacks.
func more(t *testing.T, p *process, path, sink, stage, lacks string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	extra := fmt.Sprintf("\n  q:\n    sources: [{type: pcap-file, path: %s}]\n    sinks: [{%s}]\n", vectors(t, "public.pcap"), sink)
	if err := os.WriteFile(path, append(before, extra...), 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(unix.SIGHUP)
	p.await(fmt.Sprintf(`%s:%d:20: %s needs what the process gave up at its start: %s`,
		path, strings.Count(string(before)+extra, "\n"), stage, ""))
	p.await(lacks)
	p.await("the old configuration stays in use")
	if err := os.WriteFile(path, before, 0o600); err != nil {
		t.Fatal(err)
	}
}

// checkStatus looks for lines in what the kernel reports of a process.
func checkStatus(t *testing.T, pid int, lines ...string) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if !strings.Contains(string(status), line+"\n") {
			t.Errorf("%q is missing in\n%s", line, status)
		}
	}
}

// TestReloadOfConfinedWithCPU wants the check of the setting to work after the process
// has given up its rights, whether it was there at the start or not.
func TestReloadOfConfinedWithCPU(t *testing.T) {
	cpu := fmt.Sprintf("cpu: %d\n", lastCPU(t))
	for name, first := range map[string]string{"from the start": cpu, "later": ""} {
		t.Run(name, func(t *testing.T) {
			path := writeConfig(t, first+endless(t, "a"))
			p := startRun(t, path)
			p.await("msg=ready")
			overwrite(t, path, cpu+endless(t, "b"))
			p.signal(unix.SIGHUP)
			p.await("msg=reloaded pipelines=1 started=[b] stopped=[a]")
			overwrite(t, path, "cpu: 65535\n"+endless(t, "a"))
			p.signal(unix.SIGHUP)
			p.await(path + ":1:6: there is no CPU 65535")
			p.stop()
		})
	}
}

// TestDenied has the folder of a confined program's configuration removed and made again, to
// which it has no right: that is told without being asked for by a reload.
func TestDenied(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	text := endless(t, "a")
	dir := filepath.Join(t.TempDir(), "etc")
	path := filepath.Join(dir, "pmtud.yaml")
	mustMake := func() {
		t.Helper()
		if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	mustMake()
	p := startRun(t, path)
	p.await("msg=ready")
	if !strings.Contains(p.log(), "files=\"landlock") {
		t.Skip("the kernel has no Landlock")
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	mustMake()
	p.await(`msg="can't open a file: the process gave up the right to it at its start, or its user has no access" path=` + path)
	p.stop()
}

func TestNotConfined(t *testing.T) {
	c := exec.Command(program, "run", "-c", forever(t, "sandbox: off"))
	c.Stdout = io.Discard
	p := start(t, c)
	p.await("msg=ready")
	checkStatus(t, c.Process.Pid, "NoNewPrivs:\t0", "Seccomp:\t0")
}

// TestRefusedBeforeAnythingIsClosed reloads a pipeline whose capture file has to be closed
// before it can be opened again, together with a sink for which the process has no right
// any more.
func TestRefusedBeforeAnythingIsClosed(t *testing.T) {
	captures := strings.Replace(endless(t, "a"), "{type: log}", "{type: pcap-file, path: "+filepath.Join(t.TempDir(), "a.pcap")+"}", 1)
	path := writeConfig(t, captures)
	p := startRun(t, path)
	p.await("msg=ready")
	overwrite(t, path, strings.Replace(captures, "sinks: [", "sinks: [{type: broadcast, interface: lo}, ", 1))
	p.signal(unix.SIGHUP)
	p.await("sink broadcast needs what the process gave up")
	p.await("the old configuration stays in use")
	p.stop()
	if strings.Contains(p.log(), "closing pipelines") || strings.Count(p.log(), "pipeline stopped") != 1 {
		t.Errorf("the pipeline was closed:\n%s", p.log())
	}
}

func TestUser(t *testing.T) {
	path := forever(t, "user: no-such-user\n")
	p := start(t, exec.Command(program, "run", "-c", path))
	if status := p.end(); status != 2 || !strings.Contains(p.log(), path+":1:7: ") {
		t.Errorf("exit status %d:\n%s", status, p.log())
	}
	if os.Getuid() != 0 {
		p := start(t, exec.Command(program, "run", "--user", "0", "-c", forever(t, "")))
		if status := p.end(); status != 1 {
			t.Errorf("exit status %d:\n%s", status, p.log())
		}
		return
	}
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(program, "run", "--user", "65534", "-c", path)
	c.Stdout = io.Discard
	p = start(t, c)
	p.await("msg=ready")
	checkStatus(t, c.Process.Pid, "Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534", "CapEff:\t0000000000000000")
	p.signal(unix.SIGHUP)
	p.await("msg=reloaded")
	if strings.Contains(p.log(), "only after a restart") {
		t.Errorf("nothing has changed:\n%s", p.log())
	}
}

// open lets every user enter the folders of a test's file.
func open(t *testing.T, path string) {
	t.Helper()
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} { // what TempDir has made
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLeavesRoot starts as root and goes on as an unprivileged user, unless a pipeline or a
// reload needs files that only root may open, or somebody says so.
func TestLeavesRoot(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	user := strconv.Itoa(sandbox.Unprivileged().ID)
	source := filepath.Join(t.TempDir(), "a.pcap")
	overwrite(t, source, readFile(t, vectors(t, "public.pcap")))
	open(t, source)
	captures, config := t.TempDir(), "pipelines: {p: {sources: [{type: pcap-file, path: "+source+", loop: true, speed: 100}], sinks: [{type: %s}]}}\n"
	for name, tc := range map[string]struct {
		text    string
		mode    os.FileMode // of the configuration
		id, log string
	}{
		"by default":           {fmt.Sprintf(config, "log"), 0o644, user, ""},
		"root is asked for":    {"user: root\n" + fmt.Sprintf(config, "log"), 0o644, "0", ""},
		"no sandbox":           {"sandbox: off\n" + fmt.Sprintf(config, "log"), 0o644, "0", ""},
		"root's folder":        {fmt.Sprintf(config, "pcap-file, path: "+captures+"/b.pcap"), 0o644, "0", "captures are written to " + captures},
		"root's configuration": {fmt.Sprintf(config, "log"), 0o600, "0", " may not read "},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeConfig(t, tc.text)
			open(t, path)
			if err := os.Chmod(path, tc.mode); err != nil {
				t.Fatal(err)
			}
			p := startRun(t, path)
			p.await("msg=ready")
			checkStatus(t, p.Process.Pid, fmt.Sprintf("Uid:\t%[1]s\t%[1]s\t%[1]s\t%[1]s", tc.id))
			if stays := strings.Contains(p.log(), `msg="process keeps running as root"`); stays != (tc.log != "") || !strings.Contains(p.log(), tc.log) {
				t.Errorf("the log does not say %q:\n%s", tc.log, p.log())
			}
			overwrite(t, path, strings.Replace(readFile(t, path), "speed: 100", "speed: 200", 1))
			p.signal(unix.SIGHUP)
			p.await("msg=reloaded")
			p.stop()
		})
	}
}

// TestOptionsStayRoot wants the original command line to do as the original daemon did.
func TestOptionsStayRoot(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can stay root")
	}
	p := start(t, exec.Command(program, "--iface", "lo", "--dry-run"))
	p.await("msg=ready")
	checkStatus(t, p.Process.Pid, "Uid:\t0\t0\t0\t0", "CapEff:\t0000000000002000")
	p.stop()
}

// TestUnknownUser wants a user that is not there to be told beside the other mistakes, by
// check as by run, and to be nobody's business who runs nothing.
func TestUnknownUser(t *testing.T) {
	const good = "pipelines: {p: {sources: [{type: pcap, interface: no-interface}], sinks: [{type: log}]}}\n"
	for name, tc := range map[string]struct {
		text string
		want []string // beginnings of messages
	}{
		"alone":  {"user: no-such-user\n" + good, []string{`:1:7: find user "no-such-user": there is none`}},
		"others": {"user: no-such-user\n" + strings.Replace(good, "interface", "intreface", 1), []string{":2:40: unknown setting `intreface`", ":1:7: find user "}},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeConfig(t, tc.text)
			check, runs := run(t, "check", "-c", path), run(t, "run", "-c", path)
			for _, want := range tc.want {
				if check.status != 2 || runs.status != 2 || !strings.Contains(check.stderr, path+want) || check.stderr != runs.stderr {
					t.Errorf("check: %+v\nrun: %+v", check, runs)
				}
			}
			if got := run(t, "graph", "-c", path); name == "alone" && got.status != 0 {
				t.Errorf("graph: %+v", got)
			}
		})
	}
	if got := run(t, "run", "--user", "no-such-user", "-c", writeConfig(t, good)); got.status != 2 || !strings.Contains(got.stderr, `find user "no-such-user": there is none`) {
		t.Errorf("option: %+v", got)
	}
}

// TestUserWithoutFolder becomes a user who may not make files where the capture is: a
// reload must not close what can't be opened again.
func TestUserWithoutFolder(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	captures := strings.Replace(endless(t, "a"), "{type: log}", "{type: pcap-file, path: "+filepath.Join(t.TempDir(), "a.pcap")+"}", 1)
	for _, mode := range []string{"auto", "off"} {
		t.Run(mode, func(t *testing.T) {
			path := writeConfig(t, "user: \"65534\"\nsandbox: "+mode+"\n"+captures)
			for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			p := startRun(t, path)
			p.await("msg=ready")
			if !strings.Contains(p.log(), "the user may not create files in a configured folder") {
				t.Errorf("nobody is warned:\n%s", p.log())
			}
			overwrite(t, path, strings.Replace(readFile(t, path), "speed: 100", "speed: 200", 1))
			p.signal(unix.SIGHUP)
			p.await("sink pcap-file needs what the process gave up at its start: the right to write in ")
			p.await("the old configuration stays in use")
			p.stop()
		})
	}
}

// TestReloadOfInject has a confined program make its device again, for another key. Nothing
// else in its configuration takes a unix socket.
func TestReloadOfInject(t *testing.T) {
	const text = "pipelines: {p: {sources: [{type: relay, key: [%s]}], sinks: [{type: inject}]}}\n"
	path := writeConfig(t, fmt.Sprintf(text, "a text that is long enough"))
	c := exec.Command(program, "run", "-c", path)
	c.SysProcAttr = ownNamespaces(t)
	p := start(t, c)
	p.await("msg=ready")
	overwrite(t, path, fmt.Sprintf(text, "another text that is long enough"))
	p.signal(unix.SIGHUP)
	p.await("reload")
	p.await("msg=reloaded")
	p.stop()
}
