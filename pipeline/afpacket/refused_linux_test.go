package afpacket_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/afpacket"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// openOwn opens an interface of the process's own namespace.
func openOwn(t *testing.T) *afpacket.Socket {
	t.Helper()
	own := netns.Own(t)
	netns.Must(t, netns.Veth(own, "eth0", own, "eth1"))
	t.Cleanup(func() { netns.Must(t, own.Delete("eth1")) })
	socket, _, err := afpacket.Open("eth0")
	netns.Must(t, err)
	t.Cleanup(func() { netns.Must(t, socket.Close()) })
	awaitComplaint(t, socket, "<nil>")
	return socket
}

// refuse calls f on a thread on which a system call fails with EPERM, one with that second
// argument if it is not 0.
func refuse(call, second uint32, f func() error) error {
	const number, secondArgument = 0, 16 + 8 // of struct seccomp_data (linux/seccomp.h), on little-endian machines
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock it: the filter stays
		other := bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: second, SkipTrue: 1}
		if second == 0 {
			other.SkipTrue = 0
		}
		err := netns.FilterCalls([]bpf.Instruction{
			bpf.LoadAbsolute{Off: number, Size: 4},
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: 3},
			bpf.LoadAbsolute{Off: secondArgument, Size: 4},
			other,
			bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
			bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
		})
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

// TestRefused has system calls fail, as they may under a security module.
func TestRefused(t *testing.T) {
	socket := openOwn(t)
	attach := func() error { _, err := socket.Attach(); return err }
	state := func() error { return fmt.Errorf("%v", socket.State()) }
	lost := func() error { return fmt.Errorf("%v", afpacket.NewCarrierReader(socket).Lost()) }
	mac := func() error { _, ok := afpacket.NewMACReader(socket).Read(); return fmt.Errorf("%v", ok) }
	for _, tc := range []struct {
		name         string
		call, second uint32
		f            func() error
		want         string
	}{
		{"open, no socket", unix.SYS_SOCKET, 0, func() error { _, _, err := afpacket.Open("eth0"); return err }, "open interface eth0: socket: operation not permitted (it needs CAP_NET_RAW)"},
		{"attach, no index", unix.SYS_IOCTL, unix.SIOCGIFINDEX, attach, "SIOCGIFINDEX: operation not permitted"},
		{"attach, not bound", unix.SYS_BIND, 0, attach, "bind: operation not permitted"},
		{"attach, no address", unix.SYS_GETSOCKNAME, 0, attach, "getsockname: operation not permitted"},
		{"detach", unix.SYS_BIND, 0, socket.Detach, "bind: operation not permitted"},
		{"receive", unix.SYS_BIND, 0, func() error { return socket.Receive(afpacket.Link{}) }, "bind: operation not permitted"},
		{"health, no address", unix.SYS_GETSOCKNAME, 0, socket.Health, "<nil>"},
		{"health, no name", unix.SYS_IOCTL, unix.SIOCGIFNAME, socket.Health, "ask for the state of interface eth0: SIOCGIFNAME: operation not permitted"},
		{"health, no flags", unix.SYS_IOCTL, unix.SIOCGIFFLAGS, socket.Health, "ask for the state of interface eth0: SIOCGIFFLAGS: operation not permitted"},
		{"state, no address", unix.SYS_GETSOCKNAME, 0, state, "gone"},
		{"state, no flags", unix.SYS_IOCTL, unix.SIOCGIFFLAGS, state, "gone"},
		{"carrier, no address", unix.SYS_GETSOCKNAME, 0, lost, "false"},
		{"carrier, no flags", unix.SYS_IOCTL, unix.SIOCGIFFLAGS, lost, "false"},
		{"hardware address", unix.SYS_GETSOCKNAME, 0, mac, "false"},
	} {
		if got := fmt.Sprint(refuse(tc.call, tc.second, tc.f)); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
	netns.Must(t, socket.Detach())
	const want = "ask for the state of interface eth0: SIOCGIFINDEX: operation not permitted"
	if err := refuse(unix.SYS_IOCTL, unix.SIOCGIFINDEX, socket.Health); err == nil || err.Error() != want {
		t.Errorf("health of a detached socket: %v, want %s", err, want)
	}
}

// TestOpenFails has no such interface, and one that can't be captured from. Nothing stays open.
func TestOpenFails(t *testing.T) {
	own := netns.Own(t)
	before := netns.Descriptors(t)
	for range 10 {
		_, _, err := afpacket.Open("eth9")
		if !errors.Is(err, unix.ENODEV) || err.Error() != "open interface eth9: no such interface" {
			t.Errorf("error %v", err)
		}
	}
	if after := netns.Descriptors(t); after > before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
	netns.NewTUN(t, own, "tun0")
	socket, link, err := afpacket.Open("tun0")
	netns.Must(t, err)
	if _, ok := afpacket.NewMACReader(socket).Read(); ok || link.Index == 0 {
		t.Errorf("%+v has a hardware address: %v", link, ok)
	}
	netns.Must(t, socket.Close())
}

// TestRenamed gives the interface of a socket another name.
func TestRenamed(t *testing.T) {
	socket := openOwn(t)
	netns.Must(t, netns.Own(t).Do(func() error {
		l, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		return errors.Join(netlink.LinkSetDown(l), netlink.LinkSetName(l, "eth5"), netlink.LinkSetUp(l))
	}))
	if got := socket.State(); got != afpacket.Up {
		t.Errorf("interface is %v", got)
	}
	awaitComplaint(t, socket, "<nil>")
}

// TestClosed asks a socket that is closed. Readers do not remember what they read before, nor if
// they can't read.
func TestClosed(t *testing.T) {
	socket := openOwn(t)
	carrier, mac := afpacket.NewCarrierReader(socket), afpacket.NewMACReader(socket)
	netns.Must(t, netns.Own(t).Down("eth1"))
	awaitComplaint(t, socket, "interface eth0 has no carrier")
	lost := func(r *afpacket.CarrierReader, want bool) func() error {
		return func() error {
			if got := r.Lost(); got != want {
				t.Errorf("carrier lost: %v", got)
			}
			return nil
		}
	}
	netns.Must(t, lost(carrier, true)(), refuse(unix.SYS_GETSOCKNAME, 0, lost(carrier, false)))
	netns.Must(t, refuse(unix.SYS_IOCTL, unix.SIOCETHTOOL, lost(afpacket.NewCarrierReader(socket), true)), lost(carrier, true)())
	if _, ok := mac.Read(); !ok {
		t.Error("no hardware address")
	}
	netns.Must(t, socket.Close())
	if _, ok := mac.Read(); ok || carrier.Lost() || socket.State() != afpacket.Gone || socket.Health() != nil {
		t.Errorf("hardware address %v, carrier lost %v, interface %v, complaint %v", ok, carrier.Lost(), socket.State(), socket.Health())
	}
	if err := socket.Detach(); err == nil {
		t.Error("it is detached")
	}
}

// TestStateString has the words for states.
func TestStateString(t *testing.T) {
	for state, want := range map[afpacket.State]string{afpacket.Up: "up", afpacket.Down: "down", afpacket.Gone: "gone"} {
		if got := state.String(); got != want {
			t.Errorf("state %d is %q, want %q", state, got, want)
		}
	}
}

// TestReasons has the errors of sending.
func TestReasons(t *testing.T) {
	reasons := afpacket.Reasons{QueueFull: 1, Down: 2, Gone: 3, TooLong: 4, NotPermitted: 5, Other: 6}
	for want, errs := range [][]error{
		{nil},
		{unix.ENOBUFS, unix.EAGAIN, unix.ENOMEM},
		{unix.ENETDOWN},
		{unix.ENXIO, unix.ENODEV},
		{unix.EMSGSIZE},
		{unix.EPERM, unix.EACCES},
		{unix.EIO, unix.EINVAL, io.ErrShortWrite},
	} {
		for _, err := range errs {
			if err != nil {
				err = fmt.Errorf("send: %w", err)
			}
			if got := reasons.Of(err); got != pipeline.Reason(want) {
				t.Errorf("%v: reason %d, want %d", err, got, want)
			}
		}
	}
}
