package pcap_test

import (
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/sources/pcap"
)

func TestInterfaceGoesDownAndUp(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	lan := newLAN(t)
	c := start(t, lan.host, on())
	for range 3 {
		netns.Must(t, lan.host.Down("eth0"))
		c.awaitComplaint(t, "interface eth0 is down")
		c.log.await(t, "interface is down")
		netns.Must(t, lan.host.Up("eth0"))
		c.awaitComplaint(t, "<nil>")
		send := sender(t, lan.wire)
		c.await(t, func() { send(lan.frame(lan.hostMAC, 0x08, 0x00, 1)) })
		c.log.await(t, "interface is up again")
		if n := strings.Count(c.log.String(), "\n"); n != 2 {
			t.Errorf("%d lines were logged:\n%s", n, c.log)
		}
		c.log.Take()
	}
}

func TestInterfaceIsDeletedAndMadeAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, tc := range []struct {
		name   string
		before func(*lan) error
	}{
		{"up", func(*lan) error { return nil }},
		{"down", func(l *lan) error { return l.host.Down("eth0") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lan := newLAN(t)
			c := start(t, lan.host, on(func(s *pcap.Settings) { s.Promiscuous = true }))
			for range 2 {
				netns.Must(t, tc.before(lan), lan.host.Delete("eth0"))
				c.log.await(t, "interface is gone")
				c.awaitComplaint(t, "interface eth0 is gone")
				lan.connect(t)
				c.awaitComplaint(t, "<nil>")
				send := sender(t, lan.wire)
				c.await(t, func() { send(lan.frame(stranger, 0x08, 0x00, 1)) })
				c.log.await(t, "interface is up again")
				c.log.Take()
			}
		})
	}
}

// TestInterfaceIsReplacedAtOnce leaves the source no time to see that its interface
// is gone.
func TestInterfaceIsReplacedAtOnce(t *testing.T) {
	lan := newLAN(t)
	c := start(t, lan.host, on())
	for range 5 {
		netns.Must(t, lan.host.Delete("eth0"))
		lan.connect(t)
	}
	send := sender(t, lan.wire)
	c.await(t, func() { send(lan.frame(lan.hostMAC, 0x08, 0x00, 1)) })
}

func TestInterfaceIsDownAtFirst(t *testing.T) {
	lan := newLAN(t)
	netns.Must(t, lan.host.Down("eth0"))
	c := start(t, lan.host, on())
	c.log.await(t, "interface is down")
	netns.Must(t, lan.host.Up("eth0"))
	send := sender(t, lan.wire)
	c.await(t, func() { send(lan.frame(lan.hostMAC, 0x08, 0x00, 1)) })
}

// TestStopWhileInterfaceIsGone ends the source while it waits.
func TestStopWhileInterfaceIsGone(t *testing.T) {
	lan := newLAN(t)
	c := start(t, lan.host, on())
	netns.Must(t, lan.host.Delete("eth0"))
	c.log.await(t, "interface is gone")
	c.stop()
}

// TestInterfaceGoesWhileAPacketIsDelivered takes it away before the source looks for the next packet.
func TestInterfaceGoesWhileAPacketIsDelivered(t *testing.T) {
	for state, away := range map[string]func(*netns.NS) error{
		"down": func(host *netns.NS) error { return host.Down("eth0") },
		"gone": func(host *netns.NS) error { return host.Delete("eth0") },
	} {
		t.Run(state, func(t *testing.T) {
			lan := newLAN(t)
			c := &capture{log: new(logBuffer)}
			var once sync.Once
			c.run(t, lan.host, on(), nil, func([]pipeline.Packet) {
				once.Do(func() { netns.Must(t, away(lan.host)) })
			})
			sender(t, lan.wire)(lan.frame(lan.hostMAC, 0x08, 0x00, 1))
			c.log.await(t, "interface is "+state)
		})
	}
}

// TestInterfaceIsRenamed stays with the interface.
func TestInterfaceIsRenamed(t *testing.T) {
	lan := newLAN(t)
	c := start(t, lan.host, on())
	netns.Must(t, lan.host.Down("eth0"), lan.host.Do(func() error {
		link, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		return netlink.LinkSetName(link, "lan0")
	}))
	c.log.await(t, "interface is down")
	netns.Must(t, lan.host.Up("lan0"))
	send := sender(t, lan.wire)
	c.await(t, func() { send(lan.frame(lan.hostMAC, 0x08, 0x00, 1)) })
}

// TestInterfaceIsMovedAway has another namespace take the interface, as containers do,
// and give it back.
func TestInterfaceIsMovedAway(t *testing.T) {
	lan := newLAN(t)
	elsewhere := netns.NewTest(t, "elsewhere")
	c := start(t, lan.host, on())
	for range 2 {
		netns.Must(t, move(lan.host, elsewhere))
		c.log.await(t, "interface is gone")
		c.awaitComplaint(t, "interface eth0 is gone")
		netns.Must(t, move(elsewhere, lan.host), lan.host.Up("eth0"))
		send := sender(t, lan.wire)
		c.await(t, func() { send(lan.frame(lan.hostMAC, 0x08, 0x00, 1)) })
		c.awaitComplaint(t, "<nil>")
		c.log.Take()
	}
}

// move puts eth0 of one namespace into another.
func move(from, to *netns.NS) error {
	return to.Do(func() error {
		target, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			return err
		}
		defer target.Close()
		return from.Do(func() error {
			link, err := netlink.LinkByName("eth0")
			if err != nil {
				return err
			}
			return netlink.LinkSetNsFd(link, int(target.Fd()))
		})
	})
}

// TestInterfaceWithoutLinkLayer captures IP packets.
func TestInterfaceWithoutLinkLayer(t *testing.T) {
	host := netns.NewTest(t, "host")
	tun := netns.NewTUN(t, host, "tun0")
	netns.Must(t, host.Up("tun0"))
	c := start(t, host, on(func(s *pcap.Settings) { s.Interface = "tun0" }))
	for _, p := range []pipelinetest.PTB{{}, {Router: netip.MustParseAddr("2001:db8:f::1")}} {
		packet := p.Frame()[14:]
		for got := (pipeline.Packet{}); string(got.Data) != string(packet); {
			if _, err := tun.Write(packet); err != nil {
				t.Fatal(err)
			}
			got = c.next(t) // there may be others, of the host's IPv6
			if got.LinkType != linklayer.Raw || got.Length != len(got.Data) {
				t.Fatalf("link type %d, length %d of %d bytes", got.LinkType, got.Length, len(got.Data))
			}
		}
	}
}

func TestOpenFails(t *testing.T) {
	host := netns.NewTest(t, "host")
	tun := netns.NewTUN(t, host, "tun0")
	const arphrdSlip = 256
	if err := unix.IoctlSetInt(int(tun.Fd()), unix.TUNSETLINK, arphrdSlip); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, iface string
		prepare     func() error
		want        string
	}{
		{"no such interface", "eth7", nil, "open interface eth7: no such interface"},
		{
			"strange link layer", "tun0", nil,
			"open interface tun0: its link layer (type 256 in linux/if_arp.h) is neither Ethernet nor plain IP",
		},
		{
			"no privilege", "lo", dropCapabilities,
			"open interface lo: socket: operation not permitted (it needs CAP_NET_RAW)",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			source, err := pcap.New(on(func(s *pcap.Settings) { s.Interface = setting.InterfaceName(tc.iface) }), pipelinetest.Env(t))
			netns.Must(t, err)
			err = host.Do(func() error {
				if tc.prepare != nil {
					if err := tc.prepare(); err != nil {
						return err
					}
				}
				return source.Open(t.Context())
			})
			if err == nil {
				t.Fatal("open succeeds")
			}
			if diff := cmp.Diff(tc.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if err := source.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}

// dropCapabilities takes them from the calling thread, which is given up.
func dropCapabilities() error {
	runtime.LockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&header, &none[0])
}
