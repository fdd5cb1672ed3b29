package service_test

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// host is where the program runs, and the wire that its interfaces hang on.
type host struct {
	ns, wire *netns.NS
}

// newHost returns a host with these interfaces, on which nobody but the test sends.
func newHost(t *testing.T, interfaces ...string) *host {
	t.Helper()
	h := &host{netns.NewTest(t, "host"), netns.NewTest(t, "wire")}
	for _, ns := range []*netns.NS{h.ns, h.wire} {
		netns.Must(t, ns.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"))
	}
	for _, name := range interfaces {
		netns.Must(t, netns.Veth(h.ns, name, h.wire, name))
	}
	for _, name := range interfaces {
		h.awaitPath(t, name)
	}
	return h
}

// awaitPath waits until frames reach the host. The kernel drops what is sent in the
// first moment after an interface was raised.
func (h *host) awaitPath(t *testing.T, name string) {
	t.Helper()
	w := h.newWire(t, name)
	for end := time.Now().Add(timeout); h.received(t, name) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no frame reaches %s", name)
		}
		w.send(t, make([]byte, 60))
	}
}

// received returns how many frames have come in by an interface.
func (h *host) received(t *testing.T, name string) (n uint64) {
	t.Helper()
	netns.Must(t, h.ns.Do(func() error {
		text, err := os.ReadFile("/proc/thread-self/net/dev")
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); fields[0] == name+":" {
				n, err = strconv.ParseUint(fields[2], 10, 64)
			}
		}
		return err
	}))
	return n
}

// wire sends frames to an interface of the host.
type wire struct {
	conn *packet.Conn
	mac  [6]byte // of the host's end
	n    uint32  // of the last PTB
}

func (h *host) newWire(t *testing.T, name string) *wire {
	t.Helper()
	near, err := h.wire.Interface(name)
	netns.Must(t, err)
	far, err := h.ns.Interface(name)
	netns.Must(t, err)
	w := &wire{mac: [6]byte(far.HardwareAddr)}
	netns.Must(t, h.wire.Do(func() (err error) {
		w.conn, err = packet.Listen(near, packet.Raw, 0, nil)
		return err
	}))
	t.Cleanup(func() { w.conn.Close() })
	return w
}

func (w *wire) send(t *testing.T, frame []byte) {
	if _, err := w.conn.WriteTo(frame, &packet.Addr{HardwareAddr: w.mac[:]}); err != nil {
		t.Errorf("send frame: %v", err)
	}
}

// sendPTB sends a PTB from a router that no other one came from, and returns the
// router.
func (w *wire) sendPTB(t *testing.T) netip.Addr {
	w.n++
	router := netip.MustParseAddr("2001:db8::").As16()
	router[13], router[14], router[15] = byte(w.n>>16), byte(w.n>>8), byte(w.n)
	ptb := pipelinetest.PTB{Router: netip.AddrFrom16(router), Target: netip.MustParseAddr("2001:db8:1::1"), DstMAC: w.mac}
	w.send(t, ptb.Frame())
	return ptb.Router
}

// daemon is the running program.
type daemon struct {
	*exec.Cmd
	*manager
	config string
	stderr pipelinetest.Buffer

	mu      sync.Mutex
	routers map[string]int // on lines of standard output: how often
	lines   int
	read    chan struct{} // closed at the end of output
}

// startDaemon runs the program with a configuration file and waits until it is ready.
func (h *host) startDaemon(t *testing.T, config string) *daemon {
	t.Helper()
	m, _ := newManager(t)
	d := &daemon{
		manager: m, config: filepath.Join(t.TempDir(), "pmtud.yaml"),
		routers: map[string]int{}, read: make(chan struct{}),
	}
	d.write(config)
	d.Cmd = exec.Command(*program, "run", "-c", d.config)
	d.Stderr = &d.stderr
	d.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}
	out, err := d.StdoutPipe()
	netns.Must(t, err, h.ns.Start(d.Cmd))
	t.Cleanup(func() {
		if d.ProcessState == nil {
			d.Process.Kill()
			d.Wait()
			t.Logf("log:\n%s", d.stderr.String())
		}
	})
	go d.readOutput(out)
	m.await("READY=1")
	return d
}

var routerField = regexp.MustCompile(`"router":"([^"]+)"`)

func (d *daemon) readOutput(out io.Reader) {
	defer close(d.read)
	for s := bufio.NewScanner(out); s.Scan(); {
		d.mu.Lock()
		d.lines++
		if field := routerField.FindStringSubmatch(s.Text()); field != nil {
			d.routers[field[1]]++
		}
		d.mu.Unlock()
	}
}

// awaitRouter waits until a PTB of the router has been printed.
func (d *daemon) awaitRouter(router netip.Addr) {
	d.t.Helper()
	for end := time.Now().Add(timeout); d.printed(router) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatalf("no line about %v", router)
		}
	}
}

func (d *daemon) printed(router netip.Addr) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.routers[router.String()]
}

// write replaces the configuration file.
func (d *daemon) write(config string) {
	d.t.Helper()
	netns.Must(d.t, os.WriteFile(d.config+"~", []byte(config), 0o644), os.Rename(d.config+"~", d.config))
}

// reload replaces the configuration and returns what the service manager is told of it.
func (d *daemon) reload(config string) string {
	d.t.Helper()
	d.write(config)
	netns.Must(d.t, d.Process.Signal(unix.SIGHUP))
	d.await("RELOADING=1")
	return strings.TrimPrefix(d.await("READY=1"), "READY=1\nSTATUS=")
}

// end stops the program and returns its final counters: those of each pipeline that it
// has ever run, by name.
func (d *daemon) end() map[string][]counters {
	d.t.Helper()
	netns.Must(d.t, d.Process.Signal(unix.SIGTERM))
	<-d.read
	if err := d.Wait(); err != nil {
		d.t.Errorf("program: %v\n%s", err, d.stderr.String())
	}
	return d.counters()
}

// counters are the sums of a pipeline when it ended, and of its sink.
type counters struct {
	received, forwarded, dropped, lost uint64
	offered, delivered, failed, shed   uint64
}

var (
	pipelineStopped = regexp.MustCompile(`msg="pipeline stopped" pipeline=(\S+) received=(\d+) forwarded=(\d+) dropped=(\d+) lost=(\d+)`)
	sinkStopped     = regexp.MustCompile(`msg="sink stopped" pipeline=(\S+) sink=\S+ offered=(\d+) delivered=(\d+) failed=(\d+) shed=(\d+) dropped=0`)
)

func (d *daemon) counters() map[string][]counters {
	all := map[string][]counters{}
	for line := range strings.Lines(d.stderr.String()) {
		if f := pipelineStopped.FindStringSubmatch(line); f != nil {
			n := numbers(f[2:])
			all[f[1]] = append(all[f[1]], counters{received: n[0], forwarded: n[1], dropped: n[2], lost: n[3]})
		}
		if f := sinkStopped.FindStringSubmatch(line); f != nil {
			n := numbers(f[2:])
			last := &all[f[1]][len(all[f[1]])-1]
			last.offered, last.delivered, last.failed, last.shed = n[0], n[1], n[2], n[3]
		}
	}
	for name, list := range all {
		for _, b := range list {
			if b.received != b.forwarded+b.dropped || b.offered != b.forwarded || b.offered != b.delivered+b.failed+b.shed {
				d.t.Errorf("counters of %s do not balance: %+v", name, b)
			}
		}
	}
	return all
}

func numbers(texts []string) []uint64 {
	ns := make([]uint64, len(texts))
	for i, text := range texts {
		ns[i], _ = strconv.ParseUint(text, 10, 64)
	}
	return ns
}

// sum adds counters up.
func sum(all []counters) (total counters) {
	for _, b := range all {
		total.received += b.received
		total.forwarded += b.forwarded
		total.lost += b.lost
		total.delivered += b.delivered
		total.failed += b.failed
		total.shed += b.shed
	}
	return total
}

// resources are what a process has of the system's.
type resources struct {
	files, threads int
	memory         int // in kiB, anonymous and resident
}

func (d *daemon) resources() (r resources) {
	d.t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.Process.Pid))
	netns.Must(d.t, err)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.Process.Pid))
	netns.Must(d.t, err)
	r.files = len(files)
	for line := range strings.Lines(string(text)) {
		switch f := strings.Fields(line); f[0] {
		case "Threads:":
			r.threads, _ = strconv.Atoi(f[1])
		case "RssAnon:":
			r.memory, _ = strconv.Atoi(f[1])
		}
	}
	return r
}
