package cmd_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// deadline bounds everything that a test waits for.
const deadline = 30 * time.Second

// TestMain builds the program once for the tests that need a process of its own.
func TestMain(m *testing.M) {
	if args := os.Getenv(nothingAllowed); args != "" {
		fmt.Fprintln(os.Stderr, execWithNothingAllowed(strings.Fields(args)))
		os.Exit(3)
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	if os.Getenv(bombVariable) != "" {
		return bombMain()
	}
	dir, err := os.MkdirTemp("", "pmtud")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	// Another user runs it too.
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	program = filepath.Join(dir, "pmtud")
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", program, "./pmtud") // as the Makefile does
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// program is the path of the program, set by TestMain.
var program string

// process is a running program whose standard error is watched.
type process struct {
	*exec.Cmd
	t *testing.T

	mu     sync.Mutex
	stderr bytes.Buffer
	lines  chan struct{} // gets a token for each line, closed at the end
	ended  chan error
}

func start(t *testing.T, c *exec.Cmd) *process {
	t.Helper()
	p := &process{Cmd: c, t: t, lines: make(chan struct{}, 1000), ended: make(chan error, 1)}
	pipe, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go p.watch(pipe)
	t.Cleanup(func() { _ = c.Process.Kill() })
	return p
}

func (p *process) watch(stderr io.Reader) {
	for s := bufio.NewScanner(stderr); s.Scan(); {
		p.mu.Lock()
		p.stderr.WriteString(s.Text() + "\n")
		p.mu.Unlock()
		select {
		case p.lines <- struct{}{}:
		default: // whoever waits has enough to wake up
		}
	}
	close(p.lines)
	p.ended <- p.Wait()
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// await waits until the text stands on standard error.
func (p *process) await(text string) {
	p.t.Helper()
	p.awaitTimes(1, text)
}

// awaitTimes waits until the text stands there so many times.
func (p *process) awaitTimes(n int, text string) {
	p.t.Helper()
	there := func() bool { return strings.Count(p.log(), text) >= n }
	late := time.After(deadline)
	for !there() {
		select {
		case _, open := <-p.lines:
			if !open && !there() {
				p.t.Fatalf("program ended without %q:\n%s", text, p.log())
			}
		case <-late:
			p.t.Fatalf("%q did not come:\n%s", text, p.log())
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// end waits for the program's end and returns its exit status, negative for a
// signal.
func (p *process) end() int {
	p.t.Helper()
	select {
	case err := <-p.ended:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			p.t.Fatal(err)
		}
		return p.ProcessState.ExitCode()
	case <-time.After(deadline):
		p.t.Fatalf("program did not end:\n%s", p.log())
		return 0
	}
}

// forever is a pipeline that reads a capture again and again, some packets a
// second, and writes to standard output.
func forever(t *testing.T, extra string) string {
	t.Helper()
	return writeConfig(t, extra+`
pipelines:
  p:
    sources:
      - {type: pcap-file, path: `+vectors(t, "public.pcap")+`, loop: true, speed: 100}
    filters:
      - type: icmp-ptb
    sinks:
      - type: log
`)
}

func vectors(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRunsToTheEnd reads a capture and checks that the counters balance.
func TestRunsToTheEnd(t *testing.T) {
	path := writeConfig(t, `
pipelines:
  first:
    sources: [{type: pcap-file, path: `+vectors(t, "rate-1.pcap")+`}]
    filters:
      - type: icmp-ptb
      - type: length
      - type: mtu
      - type: src-rate
      - type: iface-rate
    sinks:
      - type: log
      - type: log
        name: none
        filters: [{type: mtu, min: 5, max: 6}]
  second:
    sources: [{type: pcap-file, path: `+vectors(t, "public.pcap")+`}]
    sinks: [{type: log, name: json, format: json}]
`)
	got := run(t, "run", "-c", path)
	if got.status != 0 {
		t.Fatalf("exit status %d:\n%s", got.status, got.stderr)
	}
	for _, want := range []string{
		"msg=ready pipelines=2 took=",
		`msg="pipeline stopped" pipeline=first received=`,
		`msg=dropped pipeline=first stage=src-rate reason=rate-limited packets=`,
		`msg="sink stopped" pipeline=first sink=log offered=`,
		`msg=dropped pipeline=first sink=none stage=mtu reason=bad-mtu packets=`,
		`msg="pipeline stopped" pipeline=second received=930 forwarded=930 dropped=0 lost=0`,
		`msg="sink stopped" pipeline=second sink=json offered=930 delivered=930 failed=0 shed=0`,
	} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("%q is missing in\n%s", want, got.stderr)
		}
	}
	if strings.Count(got.stdout, "\n") < 930 {
		t.Errorf("%d lines of output", strings.Count(got.stdout, "\n"))
	}
}

// TestPipelineThatFails wants one pipeline's failure to be told, and to change
// nothing for the other.
func TestPipelineThatFails(t *testing.T) {
	path := writeConfig(t, `
pipelines:
  bad:
    sources: [{type: pcap-file, path: /nowhere/x.pcap}]
    sinks: [{type: log}]
  good:
    sources: [{type: pcap-file, path: `+vectors(t, "public.pcap")+`}]
    sinks: [{type: log}]
`)
	got := run(t, "run", "-c", path)
	if got.status != 1 || !strings.Contains(got.stderr, "/nowhere/x.pcap") {
		t.Errorf("exit status %d:\n%s", got.status, got.stderr)
	}
}

func TestSignals(t *testing.T) {
	for _, signal := range []syscall.Signal{unix.SIGINT, unix.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			c := exec.Command(program, "run", "-c", forever(t, ""))
			c.Stdout = io.Discard
			p := start(t, c)
			p.await("msg=ready")
			p.signal(signal)
			if status := p.end(); status != 0 {
				t.Errorf("exit status %d", status)
			}
			for _, want := range []string{"msg=stopping", `msg="pipeline stopped" pipeline=p`, `msg="sink stopped" pipeline=p sink=log`} {
				if !strings.Contains(p.log(), want) {
					t.Errorf("%q is missing in\n%s", want, p.log())
				}
			}
		})
	}
}

// TestSecondSignal stops a program whose output nobody reads, so that it can't end
// in order.
func TestSecondSignal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	path := strings.ReplaceAll(readFile(t, forever(t, "")), "speed: 100", "speed: max")
	c := exec.Command(program, "run", "-c", writeConfig(t, path))
	c.Stdout = w
	p := start(t, c)
	w.Close()
	p.await("msg=ready")
	awaitFull(t, r)
	p.signal(unix.SIGINT)
	p.await("msg=stopping")
	for began := time.Now(); len(p.ended) == 0 && time.Since(began) < deadline; time.Sleep(10 * time.Millisecond) {
		_ = p.Process.Signal(unix.SIGINT) // again, as the handler may still be in place
	}
	p.end()
	if ws := p.ProcessState.Sys().(syscall.WaitStatus); !ws.Signaled() {
		t.Errorf("program ended with status %d, not by the signal:\n%s", ws.ExitStatus(), p.log())
	}
}

// awaitFull waits until a pipe holds about as much as it can.
func awaitFull(t *testing.T, r *os.File) {
	t.Helper()
	last := -1
	for began := time.Now(); time.Since(began) < deadline; time.Sleep(50 * time.Millisecond) {
		n, err := unix.IoctlGetInt(int(r.Fd()), unix.TIOCINQ)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 && n == last {
			return
		}
		last = n
	}
	t.Fatal("pipe does not fill")
}

// TestOutputThatCloses takes the reader of standard output away.
func TestOutputThatCloses(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	path := writeConfig(t, `
pipelines:
  p:
    sources: [{type: pcap-file, path: `+vectors(t, "public.pcap")+`}]
    sinks: [{type: log}]
`)
	r.Close()
	c := exec.Command(program, "run", "-c", path)
	c.Stdout = w
	p := start(t, c)
	w.Close()
	if status := p.end(); status != 0 {
		t.Errorf("exit status %d:\n%s", status, p.log())
	}
	if want := "sink=log reason=write-error packets=930"; !strings.Contains(p.log(), want) {
		t.Errorf("%q is missing in\n%s", want, p.log())
	}
}

func TestCPU(t *testing.T) {
	cpu := lastCPU(t)
	c := exec.Command(program, "run", "-c", forever(t, fmt.Sprintf("cpu: %d", cpu)))
	c.Stdout = io.Discard
	p := start(t, c)
	p.await("msg=ready")
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p.Process.Pid))
	if err != nil || len(tasks) < 2 {
		t.Fatalf("threads are %v, %v", tasks, err)
	}
	for _, task := range tasks {
		if text := readFile(t, task); !strings.Contains(text, fmt.Sprintf("\nCpus_allowed_list:\t%d\n", cpu)) {
			t.Errorf("%s is not pinned to CPU %d:\n%s", task, cpu, text)
		}
	}
	p.signal(unix.SIGTERM)
	if status := p.end(); status != 0 {
		t.Errorf("exit status %d:\n%s", status, p.log())
	}
}

// lastCPU returns the highest processor that this process may run on.
func lastCPU(t *testing.T) int {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	for cpu := 1023; cpu >= 0; cpu-- {
		if set.IsSet(cpu) {
			return cpu
		}
	}
	t.Fatal("no CPU")
	return 0
}

// TestWithoutPrivileges starts the original command line as nobody.
func TestWithoutPrivileges(t *testing.T) {
	c := exec.Command(program, "--iface", "lo", "--dry-run")
	if os.Geteuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	} else if hasNetRaw(t) {
		t.Skip("the process has CAP_NET_RAW without being root")
	}
	p := start(t, c)
	if status := p.end(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	if !strings.Contains(p.log(), "CAP_NET_RAW") || strings.Contains(p.log(), "msg=ready") {
		t.Errorf("log is\n%s", p.log())
	}
}

func hasNetRaw(t *testing.T) bool {
	t.Helper()
	for line := range strings.Lines(readFile(t, "/proc/self/status")) {
		if caps, ok := strings.CutPrefix(line, "CapEff:\t"); ok {
			set, err := strconv.ParseUint(strings.TrimSpace(caps), 16, 64)
			return err == nil && set&(1<<unix.CAP_NET_RAW) != 0
		}
	}
	return false
}

// TestMissingInterface starts in namespaces of its own, where nothing is missing
// but the interface.
func TestMissingInterface(t *testing.T) {
	c := exec.Command(program, "--iface", "nowhere0")
	c.SysProcAttr = ownNamespaces(t)
	p := start(t, c)
	if status := p.end(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	if !strings.Contains(p.log(), "nowhere0") || strings.Contains(p.log(), "msg=ready") {
		t.Errorf("log is\n%s", p.log())
	}
}

// ownNamespaces has a process start as root of a user namespace, with a network of its
// own. Where the system forbids that, the test is skipped, or fails in CI.
func ownNamespaces(t *testing.T) *syscall.SysProcAttr {
	t.Helper()
	attr := &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
	probe := exec.Command("/proc/self/exe", "-test.run=^$")
	probe.SysProcAttr = attr
	switch err := probe.Run(); {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("no user namespaces, and CI is true: %v", err)
	default:
		t.Skipf("no user namespaces: %v", err)
	}
	return attr
}
