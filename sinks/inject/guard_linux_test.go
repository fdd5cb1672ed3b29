package inject_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/mdlayher/packet"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/inject"
)

// tap hears all frames that pass an interface.
type tap struct{ conn *packet.Conn }

func newTap(t *testing.T, ns *netns.NS, name string) tap {
	t.Helper()
	ifi, err := ns.Interface(name)
	netns.Must(t, err)
	var conn *packet.Conn
	netns.Must(t, ns.Do(func() (err error) {
		conn, err = packet.Listen(ifi, packet.Raw, unix.ETH_P_ALL, nil)
		return err
	}))
	t.Cleanup(func() { conn.Close() })
	return tap{conn}
}

// until returns what the tap heard up to a frame that is the last one.
func (c tap) until(t *testing.T, last func(*pipeline.Packet) bool) (heard []pipeline.Packet) {
	t.Helper()
	netns.Must(t, c.conn.SetReadDeadline(time.Now().Add(patience)))
	for buf := make([]byte, 70000); ; {
		n, _, err := c.conn.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("the last frame did not come, but %d others", len(heard))
		}
		netns.Must(t, err)
		p := pipeline.Packet{Data: append([]byte(nil), buf[:n]...), Length: n, LinkType: linklayer.Ethernet}
		p.Decode()
		if last(&p) {
			return heard
		}
		heard = append(heard, p)
	}
}

// markerPort is that of datagrams which tell that all before them has been heard.
const markerPort = 999

func isMarker(p *pipeline.Packet) bool {
	return p.EtherType == linklayer.EtherTypeIPv4 && len(p.Data) >= 38 && p.Data[p.Network+9] == unix.IPPROTO_UDP &&
		binary.BigEndian.Uint16(p.Data[p.Network+22:]) == markerPort
}

// mark sends a marker from the node to the outside.
func (w world) mark(t *testing.T) {
	t.Helper()
	c, err := w.node.Dial(t.Context(), "udp4", "", addrPort(plans["IPv4"].client, markerPort).String())
	netns.Must(t, err)
	defer c.Close()
	_, err = c.Write([]byte("end"))
	netns.Must(t, err)
}

// TestGuard injects messages about connections that the node does not have, with a TTL of 60.
// What leaves the node by its default route is counted outside.
func TestGuard(t *testing.T) {
	const messages = 20
	for _, tt := range []struct {
		name   string
		change func(*inject.Settings)
		copies int   // of each message
		ttl    uint8 // of these
	}{
		{"made", func(s *inject.Settings) { s.TTL = 60 }, 0, 0},
		{"as from", func(s *inject.Settings) { s.AsFrom, s.TTL = "eth0", 60 }, 0, 0},
		{"as from, no mark", func(s *inject.Settings) { s.AsFrom, s.Mark = "eth0", 0 }, 1, 2},
		{"loopback", func(s *inject.Settings) { s.Device, s.Create = "lo", false }, 1, 2},
		{"loopback, lowest TTL", func(s *inject.Settings) { s.Device, s.Create, s.TTL = "lo", false, 2 }, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			outside := newTap(t, w.outside, "eth0")
			sink, _ := open(t, w.node, tt.change)
			for _, p := range plans {
				for id := range uint16(messages) {
					m := message{plan: p, port: clientPort + 1, mtu: 1400, ttl: 60, id: id}
					if reason := deliver(sink, m.packet()); reason != pipeline.Pass {
						t.Fatalf("reason %d", reason)
					}
				}
				if reason := deliver(sink, message{plan: p, port: clientPort, mtu: 1400, ttl: 60}.packet()); reason != pipeline.Pass {
					t.Fatalf("reason %d", reason)
				}
				w.awaitMTU(t, p, 1400)
			}
			w.mark(t)
			copies := map[uint8]int{}
			for _, p := range outside.until(t, isMarker) {
				if p.PTB != 0 {
					copies[p.PTB]++
					if ttl := p.IP().TTL(); ttl != tt.ttl {
						t.Errorf("TTL is %d, want %d", ttl, tt.ttl)
					}
				}
			}
			for _, version := range []uint8{4, 6} {
				if want := tt.copies * messages; copies[version] != want {
					t.Errorf("%d copies left the node over IPv%d, want %d", copies[version], version, want)
				}
			}
		})
	}
}

// TestAsFromPassesIngress counts messages at eth0's ingress, by a filter there that shows them
// to another device and by a packet socket. A bridge that eth0 is a port of takes them in.
func TestAsFromPassesIngress(t *testing.T) {
	w := newWorld(t)
	netns.Must(t,
		netns.Veth(w.node, "plane", w.node, "planex"),
		mirror(w.node, "eth0", "plane"),
	)
	shown, captured := newTap(t, w.node, "planex"), newTap(t, w.node, "eth0")
	sink, _ := open(t, w.node, asFrom)
	for _, p := range plans {
		m := message{plan: p, port: clientPort, mtu: 1400, ttl: 60, id: 7}
		if reason := deliver(sink, m.packet()); reason != pipeline.Pass {
			t.Fatalf("reason %d", reason)
		}
		for name, c := range map[string]tap{"filter": shown, "packet socket": captured} {
			c.until(t, func(p *pipeline.Packet) bool {
				if p.PTB == 0 {
					return false
				}
				if !p.Injected() {
					t.Errorf("%s: the message has source %x", name, p.Data[6:12])
				}
				if ttl := p.IP().TTL(); ttl != 3 {
					t.Errorf("%s: its TTL is %d, want 3", name, ttl)
				}
				return true
			})
		}
		w.awaitMTU(t, p, 1400)
	}
}

// mirror has a filter at the ingress of one interface show all packets to another.
func mirror(ns *netns.NS, from, to string) error {
	return inNetlink(ns, from, func(l netlink.Link) error {
		shown, err := netlink.LinkByName(to)
		if err != nil {
			return err
		}
		ingress := netlink.MakeHandle(0xffff, 0)
		action := netlink.NewMirredAction(shown.Attrs().Index)
		action.MirredAction, action.Action = netlink.TCA_EGRESS_MIRROR, netlink.TC_ACT_PIPE
		return errorOf(
			netlink.QdiscAdd(&netlink.Ingress{QdiscAttrs: netlink.QdiscAttrs{
				LinkIndex: l.Attrs().Index, Handle: ingress, Parent: netlink.HANDLE_INGRESS,
			}}),
			netlink.FilterAdd(&netlink.U32{
				FilterAttrs: netlink.FilterAttrs{LinkIndex: l.Attrs().Index, Parent: ingress, Priority: 1, Protocol: unix.ETH_P_ALL},
				Actions:     []netlink.Action{action},
			}),
		)
	})
}

// TestAsFromBridgePort has eth0 as a port of a bridge, which has the addresses: frames are for the
// bridge's own.
func TestAsFromBridgePort(t *testing.T) {
	w := newWorld(t)
	bridge := [6]byte{2, 0, 0, 0, 0, 0xbb}
	netns.Must(t, w.node.Bridge("br0", "eth0"), w.node.SetMAC("br0", bridge[:]))
	for _, p := range plans {
		netns.Must(t, w.node.DelAddr("eth0", p.node+p.bits), w.node.Addr("br0", p.node+p.bits), w.node.Route(p.anywhere, p.client))
	}
	sink, _ := open(t, w.node, asFrom)
	device := newTap(t, w.node, "pmtud0")
	for name, p := range plans {
		if reason := deliver(sink, message{plan: p, port: clientPort, mtu: 1400, ttl: 60}.packet()); reason != pipeline.Pass {
			t.Fatalf("%s: reason %d, complaint %q", name, reason, complaint(sink))
		}
		device.until(t, func(p *pipeline.Packet) bool {
			if p.PTB != 0 && [6]byte(p.Data) != bridge {
				t.Errorf("%s: the message is for %x, want %x", name, p.Data[:6], bridge)
			}
			return p.PTB != 0
		})
		w.awaitMTU(t, p, 1400)
	}
}

// TestRepeated delivers packets twice. The TTL does not tell them apart, the clock does.
func TestRepeated(t *testing.T) {
	w := newWorld(t)
	sink, _ := open(t, w.node, nil)
	for name, p := range plans {
		m := message{plan: p, port: clientPort, mtu: 1400, ttl: 60, id: 1}
		first := m.packet()
		again := m
		again.ttl = 30
		other := m
		other.id = 2
		later := again.packet()
		spent := message{plan: p, port: clientPort, mtu: 1400, ttl: 1, id: 3}
		fresh := spent
		fresh.ttl = 60
		later.Clock = first.Clock + pipeline.Instant(2*time.Second)
		for i, step := range []struct {
			packet *pipeline.Packet
			want   pipeline.Reason
		}{
			{first, pipeline.Pass},
			{again.packet(), inject.Repeated},
			{other.packet(), pipeline.Pass},
			{later, pipeline.Pass},
			// What came back with its last hop must not be in the way of the whole message.
			{spent.packet(), pipeline.Pass},
			{fresh.packet(), pipeline.Pass},
			{spent.packet(), inject.Repeated},
		} {
			if reason := deliver(sink, step.packet); reason != step.want {
				t.Errorf("%s, step %d: reason %d, want %d", name, i, reason, step.want)
			}
		}
	}
}

// TestArrived wants other stages to know by its content what was injected, but not what only
// sockets of this host get.
func TestArrived(t *testing.T) {
	env := pipelinetest.Env(t)
	stage, err := inject.New(*settings(nil), env)
	netns.Must(t, err, newHost(t).Do(func() error { return stage.Open(t.Context()) }))
	t.Cleanup(func() { netns.Must(t, stage.Close()) })
	for name, p := range plans {
		for ttl, want := range map[uint8]bool{1: false, 2: true, 60: true} {
			m := message{plan: p, port: 1, mtu: 1400, ttl: ttl, id: uint16(ttl)}.packet()
			if reason := deliver(stage, m); reason != pipeline.Pass {
				t.Fatalf("%s, TTL %d: reason %d", name, ttl, reason)
			}
			if got := env.Arrived.Has(env.Arrived.Packet(m.IP().Bytes), int64(m.Clock)); got != want {
				t.Errorf("%s, TTL %d: known %v, want %v", name, ttl, got, want)
			}
		}
	}
}

// TestTTL has TTLs that arrive lowered, never raised, with the guard and without.
func TestTTL(t *testing.T) {
	for _, tt := range []struct {
		name              string
		change            func(*inject.Settings)
		arrives, injected uint8
	}{
		{"guard", nil, 60, 8},
		{"guard, low", nil, 5, 5},
		{"guard, higher setting", func(s *inject.Settings) { s.TTL = 12 }, 60, 12},
		{"guard, lower setting", func(s *inject.Settings) { s.TTL = 2 }, 60, 8},
		{"as from", asFrom, 60, 3},
		{"as from, low", asFrom, 2, 2},
		{"as from, higher setting", func(s *inject.Settings) { s.AsFrom, s.TTL = "eth0", 12 }, 60, 12},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host := newHost(t)
			sink, _ := open(t, host, tt.change)
			device := newTap(t, host, "pmtud0")
			for name, p := range plans {
				m := message{plan: p, port: 1, mtu: 1400, ttl: tt.arrives}
				if reason := deliver(sink, m.packet()); reason != pipeline.Pass {
					t.Fatalf("%s: reason %d, complaint %q", name, reason, complaint(sink))
				}
				device.until(t, func(p *pipeline.Packet) bool {
					if p.PTB == 0 {
						return false
					}
					if ttl := p.IP().TTL(); ttl != tt.injected {
						t.Errorf("%s: TTL is %d, want %d", name, ttl, tt.injected)
					}
					if err := soundHeader(p); err != nil {
						t.Errorf("%s: %v", name, err)
					}
					return true
				})
			}
		})
	}
}

// soundHeader checks the checksum of an IPv4 header.
func soundHeader(p *pipeline.Packet) error {
	if p.EtherType != linklayer.EtherTypeIPv4 {
		return nil
	}
	sum := uint32(0)
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(p.Data[p.Network+i:]))
	}
	if sum = sum>>16 + sum&0xffff; sum != 0xffff {
		return fmt.Errorf("the header's sum is %#x", sum)
	}
	return nil
}
