package netns_test

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestRefuse writes texts of which one length is refused, on the thread of the filter and on
// others.
func TestRefuse(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	netns.Must(t, err)
	defer null.Close()
	write := func(text string) error { _, err := unix.Write(int(null.Fd()), []byte(text)); return err }
	for _, tc := range []struct {
		text string
		want error
	}{{"ab", nil}, {"abc", unix.EIO}, {"abcd", nil}} {
		if err := netns.Refuse(unix.SYS_WRITE, 3, unix.EIO, func() error { return write(tc.text) }); !errors.Is(err, tc.want) {
			t.Errorf("write %q: %v, want %v", tc.text, err, tc.want)
		}
	}
	read := func() error { _, err := unix.Pread(int(null.Fd()), make([]byte, 3), 0); return err }
	if err := netns.Refuse(unix.SYS_WRITE, 3, unix.EIO, read); errors.Is(err, unix.EIO) {
		t.Errorf("another system call: %v", err)
	}
	if err := write("abc"); err != nil {
		t.Errorf("another thread: %v", err)
	}
}

// TestTUN sends a packet through an interface, whose file is the cable.
func TestTUN(t *testing.T) {
	ns := netns.NewTest(t, "a")
	netns.Must(t, ns.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"))
	cable := netns.NewTUN(t, ns, "tun0")
	netns.Must(t, ns.Up("tun0"), ns.Addr("tun0", "192.0.2.1/24"))
	c, err := ns.Dial(t.Context(), "udp4", "", "192.0.2.2:9")
	netns.Must(t, err)
	defer c.Close()
	_, err = c.Write([]byte("question"))
	netns.Must(t, err)
	buf := make([]byte, 100)
	n, err := cable.Read(buf)
	if err != nil || n != 20+8+len("question") || buf[0] != 0x45 || string(buf[28:n]) != "question" {
		t.Errorf("read % x, %v", buf[:n], err)
	}
}

// TestNames finds an interface by both of its names.
func TestNames(t *testing.T) {
	ns := netns.NewTest(t, "a")
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"), ns.AltName("eth0", "lan"), ns.SetMTU("lan", 1400))
	ifi, err := ns.Interface("eth0")
	netns.Must(t, err)
	if ifi.MTU != 1400 {
		t.Errorf("MTU %d", ifi.MTU)
	}
}

// TestDescriptors counts a file that is opened and closed.
func TestDescriptors(t *testing.T) {
	before := netns.Descriptors(t)
	f, err := os.Open(os.DevNull)
	netns.Must(t, err)
	if n := netns.Descriptors(t); n != before+1 {
		t.Errorf("%d descriptors, %d before", n, before)
	}
	netns.Must(t, f.Close())
	if n := netns.Descriptors(t); n != before {
		t.Errorf("%d descriptors, %d before", n, before)
	}
}
