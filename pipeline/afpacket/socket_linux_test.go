package afpacket_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/afpacket"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func TestMain(m *testing.M) { netns.Main(m) }

func open(t *testing.T, ns *netns.NS) (*afpacket.Socket, afpacket.Link) {
	t.Helper()
	var socket *afpacket.Socket
	var link afpacket.Link
	netns.Must(t, ns.Do(func() (err error) {
		socket, link, err = afpacket.Open("eth0")
		return err
	}))
	t.Cleanup(func() { netns.Must(t, socket.Close()) })
	return socket, link
}

// TestState follows an interface through its life.
func TestState(t *testing.T) {
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t, netns.Veth(host, "eth0", wire, "eth0"))
	socket, first := open(t, host)
	check := func(want afpacket.State) {
		t.Helper()
		if got := socket.State(); got != want {
			t.Errorf("interface is %v, want %v", got, want)
		}
		complaint := "<nil>"
		if want != afpacket.Up {
			complaint = "interface eth0 is " + want.String()
		}
		awaitComplaint(t, socket, complaint)
	}
	check(afpacket.Up)
	netns.Must(t, host.Down("eth0"))
	check(afpacket.Down)
	netns.Must(t, host.Up("eth0"))
	check(afpacket.Up)
	netns.Must(t, host.Delete("eth0"))
	check(afpacket.Gone)
	if _, err := socket.Attach(); !errors.Is(err, unix.ENODEV) || err.Error() != "no such interface" {
		t.Errorf("attach to a deleted interface: %v", err)
	}
	netns.Must(t, netns.Veth(host, "eth0", wire, "eth0"))
	if got := socket.State(); got != afpacket.Gone {
		t.Errorf("interface is %v before the socket is attached to it", got)
	}
	awaitComplaint(t, socket, "<nil>")
	second, err := socket.Attach()
	netns.Must(t, err)
	check(afpacket.Up)
	if second.Index == first.Index || second.LinkType != linklayer.Ethernet {
		t.Errorf("attached to %+v, before to %+v", second, first)
	}
	netns.Must(t, wire.Down("eth0"))
	awaitComplaint(t, socket, "interface eth0 has no carrier")
	netns.Must(t, wire.Up("eth0"))
	awaitComplaint(t, socket, "<nil>")
	netns.Must(t, socket.Detach())
	if got := socket.State(); got != afpacket.Gone {
		t.Errorf("interface of a detached socket is %v", got)
	}
	netns.Must(t, socket.Close(), host.Delete("eth0"))
	checkComplaint(t, socket, "<nil>")
}

func checkComplaint(t *testing.T, s *afpacket.Socket, want string) {
	t.Helper()
	if got := fmt.Sprint(s.Health()); got != want {
		t.Errorf("complaint %q, want %q", got, want)
	}
}

// awaitComplaint waits for the kernel, which looks after carriers in its own time.
func awaitComplaint(t *testing.T, s *afpacket.Socket, want string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); fmt.Sprint(s.Health()) != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			checkComplaint(t, s, want)
			return
		}
	}
}

// TestNothingArrivesBeforeReceive sends to a socket that only sends.
func TestNothingArrivesBeforeReceive(t *testing.T) {
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	for _, ns := range []*netns.NS{host, wire} {
		netns.Must(t, ns.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"))
	}
	netns.Must(t, netns.Veth(host, "eth0", wire, "eth0"))
	deaf, _ := open(t, host)
	listener, link := open(t, host)
	netns.Must(t, listener.Receive(link))
	sender, _ := open(t, wire)
	frame := append(make([]byte, 12), 0x08, 0x00, 1, 2, 3)
	buf := make([]byte, 100)
	n, deadline := 0, time.Now().Add(20*time.Second)
	for n == 0 && time.Now().Before(deadline) { // an interface just raised drops what it is to send
		netns.Must(t,
			sender.Control(func(fd int) error { _, err := unix.Write(fd, frame); return err }),
			listener.Conn.SetReadDeadline(time.Now().Add(10*time.Millisecond)),
		)
		n, _, _ = listener.Conn.ReadFrom(buf)
	}
	if string(buf[:n]) != string(frame) {
		t.Fatalf("received %x", buf[:n])
	}
	netns.Must(t, deaf.Control(func(fd int) error {
		if n, err := unix.Read(fd, buf); !errors.Is(err, unix.EAGAIN) {
			t.Errorf("received %x, %v", buf[:max(n, 0)], err)
		}
		return nil
	}))
}

// TestMACReader reads an address that changes.
func TestMACReader(t *testing.T) {
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t, netns.Veth(host, "eth0", wire, "eth0"))
	socket, _ := open(t, host)
	reader := afpacket.NewMACReader(socket)
	for _, want := range [][6]byte{{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}} {
		netns.Must(t, host.SetMAC("eth0", want[:]))
		if got, ok := reader.Read(); !ok || got != want {
			t.Errorf("address %x, %v; want %x", got, ok, want)
		}
	}
	if allocs := testing.AllocsPerRun(100, func() { reader.Read() }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	netns.Must(t, host.Delete("eth0"))
	if got, ok := reader.Read(); ok {
		t.Errorf("address %x of a deleted interface", got)
	}
}

// TestCarrierReader pulls the cable of an interface, and lets it down.
func TestCarrierReader(t *testing.T) {
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t, netns.Veth(host, "eth0", wire, "eth0"))
	socket, _ := open(t, host)
	reader := afpacket.NewCarrierReader(socket)
	for _, step := range []struct {
		do        func() error
		complaint string
		lost      bool
	}{
		{func() error { return nil }, "<nil>", false},
		{func() error { return wire.Down("eth0") }, "interface eth0 has no carrier", true},
		{func() error { return wire.Up("eth0") }, "<nil>", false},
		{func() error { return host.Down("eth0") }, "interface eth0 is down", false},
		{func() error { return host.Delete("eth0") }, "interface eth0 is gone", false},
	} {
		netns.Must(t, step.do())
		awaitComplaint(t, socket, step.complaint)
		if got := reader.Lost(); got != step.lost {
			t.Errorf("%s: carrier lost: %v", step.complaint, got)
		}
		if allocs := testing.AllocsPerRun(100, func() { reader.Lost() }); allocs != 0 {
			t.Errorf("%s: %v allocations", step.complaint, allocs)
		}
	}
}
