package circles_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// timeout is how long a test waits for what must come.
const timeout = 30 * time.Second

// lan is a bridge with hosts and a router on it.
type lan struct {
	bridge *netns.NS
	hosts  []*host
	router *packet.Conn

	ptbs, datagrams atomic.Int64 // that came to the bridge; datagrams of relays
}

// host has a first address, by which it is reached and sends, and a second one on its
// loopback interface.
type host struct {
	*netns.NS
	mac [6]byte

	// Of the program.
	config      string // path
	process     *os.Process
	stdout, log pipelinetest.Buffer
}

func first4(i int) string  { return fmt.Sprintf("10.99.0.%d", i+1) }
func first6(i int) string  { return fmt.Sprintf("fd99::%d", i+1) }
func second4(i int) string { return fmt.Sprintf("10.98.0.%d", i+1) }
func second6(i int) string { return fmt.Sprintf("fd98::%d", i+1) }

func newLAN(t *testing.T, hosts int) *lan {
	t.Helper()
	l := &lan{bridge: netns.NewTest(t, "bridge")}
	netns.Must(t, l.bridge.Bridge("br0"))
	for i := range hosts {
		l.addHost(t, i)
	}
	for i, h := range l.hosts {
		for j := range l.hosts {
			if i != j {
				netns.Must(t, h.Route(second4(j)+"/32", first4(j)), h.Route(second6(j)+"/128", first6(j)))
			}
		}
	}
	router := netns.NewTest(t, "router")
	netns.Must(t, netns.Veth(router, "eth0", l.bridge, "router"), l.bridge.Plug("br0", "router"))
	l.router = listen(t, router, "eth0")
	l.watch(t)
	return l
}

func (l *lan) addHost(t *testing.T, i int) {
	t.Helper()
	name := fmt.Sprintf("host%d", i)
	h := &host{NS: netns.NewTest(t, name)}
	netns.Must(t,
		netns.Veth(h.NS, "eth0", l.bridge, name), l.bridge.Plug("br0", name),
		h.Addr("eth0", first4(i)+"/24", first6(i)+"/64"),
		h.Addr("lo", second4(i)+"/32", second6(i)+"/128", "192.0.2.1/32", "2001:db8::1/128"),
	)
	ifi, err := h.Interface("eth0")
	netns.Must(t, err)
	h.mac = [6]byte(ifi.HardwareAddr)
	l.hosts = append(l.hosts, h)
}

// listen returns a packet socket on an interface.
func listen(t *testing.T, ns *netns.NS, name string) (c *packet.Conn) {
	t.Helper()
	ifi, err := ns.Interface(name)
	netns.Must(t, err)
	netns.Must(t, ns.Do(func() (err error) {
		c, err = packet.Listen(ifi, packet.Raw, unix.ETH_P_ALL, nil)
		return err
	}))
	t.Cleanup(func() { c.Close() })
	return c
}

// watch counts what comes to the bridge by its ports.
func (l *lan) watch(t *testing.T) {
	t.Helper()
	ports := []string{"router"}
	for i := range l.hosts {
		ports = append(ports, fmt.Sprintf("host%d", i))
	}
	for _, port := range ports {
		c := listen(t, l.bridge, port)
		raw, err := c.SyscallConn()
		netns.Must(t, err)
		netns.Must(t, raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
		}))
		netns.Must(t, err)
		go func() {
			buffer := make([]byte, 2048)
			for {
				n, _, err := c.ReadFrom(buffer)
				if err != nil {
					return // it was closed
				}
				l.note(buffer[:n])
			}
		}()
	}
}

// relayPort is the UDP port of relays, big endian.
var relayPort = []byte{4821 >> 8, 4821 & 0xff}

func (l *lan) note(frame []byte) {
	p := pipeline.Packet{Data: frame, LinkType: linklayer.Ethernet}
	p.Decode()
	switch {
	case p.PTB != 0:
		l.ptbs.Add(1)
	case len(frame) >= 38 && p.EtherType == linklayer.EtherTypeIPv4 && frame[23] == unix.IPPROTO_UDP && bytes.Equal(frame[36:38], relayPort):
		l.datagrams.Add(1)
	}
}

// send sends a frame from the router.
func (l *lan) send(t *testing.T, frame []byte) {
	t.Helper()
	_, err := l.router.WriteTo(frame, &packet.Addr{HardwareAddr: frame[:6]})
	netns.Must(t, err)
}

// quiet is how long no message must come for an end to be believed in: far longer than a
// hop takes.
const quiet = 2 * time.Second

// settled waits for at least n of a count and then until no more come, or very many did.
func settled(count *atomic.Int64, n int) int {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	last, since := count.Load(), time.Now()
	for end := time.Now().Add(timeout); time.Now().Before(end) && last < 1000; <-tick.C {
		if now := count.Load(); now != last {
			last, since = now, time.Now()
		}
		if last >= int64(n) && time.Since(since) > quiet {
			break
		}
	}
	return int(last)
}

// start starts the program with a configuration and waits until it is ready.
func (h *host) start(t *testing.T, config string) {
	t.Helper()
	h.config = filepath.Join(t.TempDir(), "pmtud.yaml")
	netns.Must(t, os.WriteFile(h.config, []byte(config), 0o600))
	c := exec.Command(*program, "run", "-c", h.config)
	c.Stdout, c.Stderr = &h.stdout, &h.log
	netns.Must(t, h.Start(c))
	h.process = c.Process
	t.Cleanup(func() {
		_ = c.Process.Signal(unix.SIGTERM)
		if err := c.Wait(); err != nil {
			t.Errorf("%v, log\n%s", err, &h.log)
		}
	})
	h.await(t, &h.log, "msg=ready", 1)
}

// reload has the program go on with another configuration.
func (h *host) reload(t *testing.T, config string) {
	t.Helper()
	before := strings.Count(h.log.String(), reloaded)
	netns.Must(t, os.WriteFile(h.config, []byte(config), 0o600), h.process.Signal(unix.SIGHUP))
	h.await(t, &h.log, reloaded, before+1)
}

// reloaded is what the program logs when it has reloaded its configuration.
const reloaded = "msg=reloaded"

// await waits until something was printed n times.
func (h *host) await(t *testing.T, printed *pipelinetest.Buffer, text string, n int) {
	t.Helper()
	for end := time.Now().Add(timeout); strings.Count(printed.String(), text) < n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %q in\n%s\nlog\n%s", text, printed, &h.log)
		}
	}
}
