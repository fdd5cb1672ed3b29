package pcap_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mdlayher/packet"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sources/pcap"
)

func TestMain(m *testing.M) { netns.MainPrivileged(m) }

// timeout is how long a test waits for what must happen.
const timeout = 20 * time.Second

// lan is a host, on which the source captures from eth0, and the wire that eth0
// hangs on. Nobody but the test sends anything.
type lan struct {
	host, wire       *netns.NS
	hostMAC, wireMAC [6]byte
}

func newLAN(t *testing.T) *lan {
	t.Helper()
	l := &lan{host: netns.NewTest(t, "host"), wire: netns.NewTest(t, "wire")}
	for _, ns := range []*netns.NS{l.host, l.wire} {
		netns.Must(t, ns.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"))
	}
	l.connect(t)
	return l
}

// connect lays the cable, again after eth0 was deleted.
func (l *lan) connect(t *testing.T) {
	t.Helper()
	netns.Must(t, netns.Veth(l.host, "eth0", l.wire, "eth0"))
	l.hostMAC, l.wireMAC = macOf(t, l.host), macOf(t, l.wire)
	awaitPath(t, l.wire, l.host)
}

func macOf(t *testing.T, ns *netns.NS) [6]byte {
	t.Helper()
	ifi, err := ns.Interface("eth0")
	netns.Must(t, err)
	return [6]byte(ifi.HardwareAddr)
}

// awaitPath waits until frames pass from one namespace to the other. The kernel
// drops what is sent in the first moment after an interface was raised.
func awaitPath(t *testing.T, from, to *netns.NS) {
	t.Helper()
	ifi, err := to.Interface("eth0")
	netns.Must(t, err)
	var conn *packet.Conn
	netns.Must(t, to.Do(func() (err error) {
		conn, err = packet.Listen(ifi, packet.Raw, syscall.ETH_P_ALL, nil)
		return err
	}))
	defer conn.Close()
	send := sender(t, from)
	for deadline := time.Now().Add(timeout); time.Now().Before(deadline); {
		send(make([]byte, 60))
		netns.Must(t, conn.SetReadDeadline(time.Now().Add(5*time.Millisecond)))
		if _, _, err := conn.ReadFrom(make([]byte, 60)); err == nil {
			return
		}
	}
	t.Fatal("no frame passes")
}

// frame returns an Ethernet frame with what follows the MAC addresses.
func (l *lan) frame(to [6]byte, rest ...byte) []byte {
	return append(append(to[:], l.wireMAC[:]...), rest...)
}

// sender returns a function that sends frames on eth0.
func sender(t *testing.T, ns *netns.NS) func(frames ...[]byte) {
	t.Helper()
	ifi, err := ns.Interface("eth0")
	netns.Must(t, err)
	var conn *packet.Conn
	netns.Must(t, ns.Do(func() (err error) {
		conn, err = packet.Listen(ifi, packet.Raw, 0, nil)
		return err
	}))
	t.Cleanup(func() { conn.Close() })
	raw, err := conn.SyscallConn()
	netns.Must(t, err)
	return func(frames ...[]byte) {
		for _, f := range frames {
			e := raw.Write(func(fd uintptr) bool {
				_, err = syscall.Write(int(fd), f)
				return err != syscall.EAGAIN // the queue is full: wait for room
			})
			if err := errors.Join(e, err); err != nil {
				t.Errorf("send frame: %v", err)
			}
		}
	}
}

// capture is a running source. It keeps copies of what it delivers.
type capture struct {
	source  pipeline.LossySource
	log     *logBuffer
	packets chan pipeline.Packet
	before  func() // if not nil, what happens before Run
	stop    func() // ends Run and closes the source
}

// start opens the source in the namespace and runs it until the test ends.
func start(t *testing.T, ns *netns.NS, settings pcap.Settings, filter ...kernelFilter) *capture {
	t.Helper()
	c := &capture{log: new(logBuffer), packets: make(chan pipeline.Packet, 1024)}
	c.run(t, ns, settings, filter, func(batch []pipeline.Packet) {
		for _, p := range batch {
			p.Data = bytes.Clone(p.Data)
			c.packets <- p
		}
	})
	return c
}

// run opens the source and runs it with a function that takes what it delivers.
func (c *capture) run(t *testing.T, ns *netns.NS, settings pcap.Settings, filter []kernelFilter, deliver func([]pipeline.Packet)) {
	t.Helper()
	env := pipeline.Env{Log: slog.New(slog.NewTextHandler(c.log, nil))}
	for _, f := range filter {
		env.KernelFilter = f
	}
	source, err := pcap.New(settings, env)
	netns.Must(t, err)
	c.source = source.(pipeline.LossySource)
	if err := ns.Do(func() error { return source.Open(t.Context()) }); err != nil {
		t.Fatal(errors.Join(err, source.Close()))
	}
	if c.before != nil {
		c.before()
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- source.Run(ctx, deliver) }()
	c.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(timeout):
			t.Error("run does not end")
		}
		if err := source.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	t.Cleanup(c.stop)
}

// next returns the next packet delivered.
func (c *capture) next(t *testing.T) pipeline.Packet {
	t.Helper()
	select {
	case p := <-c.packets:
		return p
	case <-time.After(timeout):
		t.Fatalf("no packet comes; log:\n%s", c.log)
		panic("unreachable")
	}
}

// await sends again and again until a packet is delivered, and forgets all others.
func (c *capture) await(t *testing.T, send func()) {
	t.Helper()
	deadline := time.After(timeout)
	for {
		send()
		select {
		case <-c.packets:
			return
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatalf("no packet comes; log:\n%s", c.log)
		}
	}
}

// awaitComplaint waits for the kernel, which looks after carriers in its own time.
func (c *capture) awaitComplaint(t *testing.T, want string) {
	t.Helper()
	complaint := c.source.(pipeline.HealthChecker).Health
	for deadline := time.Now().Add(timeout); fmt.Sprint(complaint()) != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("complaint %v, want %s", complaint(), want)
		}
	}
}

// logBuffer is a log that can be read while it is written.
type logBuffer struct{ pipelinetest.Buffer }

// await waits until the log has a line with the text.
func (b *logBuffer) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for !strings.Contains(b.String(), text) {
		if time.Now().After(deadline) {
			t.Fatalf("the log has no line with %q:\n%s", text, b)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
