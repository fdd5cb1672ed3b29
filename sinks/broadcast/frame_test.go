package broadcast_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/sinks/broadcast"
)

var (
	toAll     = []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	routerMAC = []byte{2, 0, 0, 0, 0, 1} // of pipelinetest.PTB
	hostMAC   = []byte{2, 0, 0, 0, 0, 2}
	noMAC     = make([]byte, 6)
)

// settings returns the defaults for eth0, changed.
func settings(change ...func(*broadcast.Settings)) broadcast.Settings {
	s := *broadcast.Plugin().NewSettings().(*broadcast.Settings)
	s.Interface = "eth0"
	for _, f := range change {
		f(&s)
	}
	return s
}

func packet(link linklayer.Type, data []byte) pipeline.Packet {
	return pipeline.Packet{Data: data, Length: len(data), LinkType: link}
}

// frameCases are packets with the frame that is sent for them with a source address
// of the sink's choice, or the reason why none is.
func frameCases() []frameCase {
	ptb := pipelinetest.PTB{}.Frame()
	ptb6 := pipelinetest.PTB{Router: netip.MustParseAddr("2001:db8:f::1")}.Frame()
	tagged := pipelinetest.PTB{VLAN: 7}.Frame()
	padded := slices.Concat(ptb, make([]byte, 9))
	frame := func(source, rest []byte) []byte { return slices.Concat(toAll, source, rest) }
	sll := func(f []byte) []byte { return slices.Concat(make([]byte, 14), f[12:]) }
	sll2 := func(f []byte) []byte { return slices.Concat(f[12:14], make([]byte, 18), f[14:]) }
	cut := packet(linklayer.Ethernet, ptb[:60])
	cut.Length = len(ptb)
	group := packet(linklayer.Raw, ptb[14:])
	group.Type = linklayer.TypeBroadcast

	fromGroup := slices.Concat(hostMAC, []byte{1, 0, 0x5e, 0, 0, 1}, ptb[12:])
	toGroup := slices.Concat([]byte{1, 0, 0x5e, 0, 0, 1}, ptb[6:])
	elsewhere := packet(linklayer.Ethernet, slices.Concat([]byte{2, 9, 9, 9, 9, 9}, ptb[6:]))
	elsewhere.Type = linklayer.TypeOtherHost
	notPTB := slices.Clone(ptb)
	notPTB[34] = 8
	lldp := slices.Concat(hostMAC, routerMAC, []byte{0x88, 0xcc, 1, 2})

	const ethernet, use = linklayer.Ethernet, broadcast.CapturedDestination
	return []frameCase{
		{"captured destination", use, packet(ethernet, ptb), frame(hostMAC, ptb[12:]), 0, false},
		{"captured source", broadcast.CapturedSource, packet(ethernet, ptb), frame(routerMAC, ptb[12:]), 0, false},
		{"interface", broadcast.Interface, packet(ethernet, ptb), frame(nil, ptb[12:]), 0, false},
		{"captured source, of a group", broadcast.CapturedSource, packet(ethernet, fromGroup), frame(nil, ptb[12:]), 0, false},
		{"sent to another host", use, elsewhere, frame([]byte{2, 9, 9, 9, 9, 9}, ptb[12:]), 0, false},
		{"IPv6", use, packet(ethernet, ptb6), frame(hostMAC, ptb6[12:]), 0, false},
		{"VLAN tag", use, packet(ethernet, tagged), frame(hostMAC, tagged[12:]), 0, false},
		{"padding", use, packet(ethernet, padded), frame(hostMAC, padded[12:]), 0, false},
		{"any packet, a header alone", use, packet(ethernet, lldp[:14]), frame(hostMAC, lldp[12:14]), 0, true},
		{"any packet, another ICMP message", use, packet(ethernet, notPTB), frame(hostMAC, notPTB[12:]), 0, true},
		{"any packet, no IP", use, packet(ethernet, lldp), frame(hostMAC, lldp[12:]), 0, true},

		{"cooked", use, packet(linklayer.SLL, sll(ptb)), frame(nil, ptb[12:]), 0, false},
		{"cooked with VLAN tag", use, packet(linklayer.SLL, sll(tagged)), frame(nil, tagged[12:]), 0, false},
		{"cooked, version 2", broadcast.CapturedSource, packet(linklayer.SLL2, sll2(ptb6)), frame(nil, ptb6[12:]), 0, false},
		{"cooked with VLAN tag, version 2", use, packet(linklayer.SLL2, sll2(tagged)), frame(nil, tagged[12:]), 0, false},
		{"IPv4", use, packet(linklayer.Raw, ptb[14:]), frame(nil, ptb[12:]), 0, false},
		{"IPv6 without link layer", use, packet(linklayer.Raw, ptb6[14:]), frame(nil, ptb6[12:]), 0, false},
		{"BSD loopback", use, packet(linklayer.Null, slices.Concat([]byte{2, 0, 0, 0}, ptb[14:])), frame(nil, ptb[12:]), 0, false},

		{"another ICMP message", use, packet(ethernet, notPTB), nil, broadcast.NotPTB, false},
		{"no IP", use, packet(ethernet, lldp), nil, broadcast.NotPTB, false},
		{"unknown link type", use, packet(9999, ptb), nil, broadcast.NotPTB, false},
		{"captured as broadcast", use, packet(ethernet, slices.Concat(toAll, ptb[6:])), nil, broadcast.AlreadyBroadcast, false},
		{"captured as broadcast, cooked", use, group, nil, broadcast.AlreadyBroadcast, false},
		{"sent to a group", use, packet(ethernet, toGroup), nil, broadcast.AlreadyBroadcast, false},
		{"any packet, sent to a group", use, packet(ethernet, toGroup), nil, broadcast.AlreadyBroadcast, true},
		{"truncated", use, cut, nil, broadcast.Truncated, false},
		{"any packet, no whole header", use, packet(ethernet, ptb[:13]), nil, broadcast.NoFrame, true},
		{"any packet, cooked, not IP", use, packet(linklayer.SLL, slices.Concat(make([]byte, 14), []byte{0x08, 0x06, 1, 2})), nil, broadcast.NoFrame, true},
		{"any packet, cooked, empty", use, packet(linklayer.SLL, sll(ptb[:14])), nil, broadcast.NoFrame, true},
		{"any packet, cut in the VLAN tag, cooked", use, packet(linklayer.SLL, sll(tagged[:17])), nil, broadcast.NoFrame, true},
		{"any packet, neither IPv4 nor IPv6", use, packet(linklayer.Raw, []byte{0x50, 0, 0, 0}), nil, broadcast.NoFrame, true},
		{"any packet, unknown link type", use, packet(9999, ptb), nil, broadcast.NoFrame, true},
	}
}

type frameCase struct {
	name   string
	source broadcast.SourceMAC
	packet pipeline.Packet
	frame  []byte // of a replay; without source address where that is the interface's
	reason pipeline.Reason
	any    bool // any_packet
}

// settings returns those of the case.
func (c frameCase) settings() broadcast.Settings {
	return settings(func(s *broadcast.Settings) { s.SourceMAC, s.AnyPacket = c.source, c.any })
}

// decoded returns the packet as the engine hands it on.
func (c frameCase) decoded() pipeline.Packet {
	p := c.packet
	p.Decode()
	if c.packet.Type != 0 {
		p.Type = c.packet.Type
	}
	return p
}

// ofInterface reports whether the source address is the interface's, also in a replay.
func (c frameCase) ofInterface() bool {
	return c.source == broadcast.Interface || c.packet.LinkType != linklayer.Ethernet ||
		c.source == broadcast.CapturedSource && c.packet.Data[6]&1 != 0
}

// replayed returns the frame of a replay.
func (c frameCase) replayed() []byte {
	if c.frame != nil && c.ofInterface() {
		return slices.Insert(slices.Clone(c.frame), 6, noMAC...)
	}
	return c.frame
}

// sent returns the frame that goes out on an interface with the address.
func (c frameCase) sent(mac []byte) []byte {
	frame := c.replayed()
	if c.ofInterface() || c.source != broadcast.CapturedSource {
		return slices.Replace(slices.Clone(frame), 6, 12, mac...)
	}
	return frame
}

func TestRehearse(t *testing.T) {
	for _, tc := range frameCases() {
		t.Run(tc.name, func(t *testing.T) {
			sink := build(t, tc.settings())
			var got []byte
			p := tc.decoded()
			reason := sink.(pipeline.DryRunner).DryRun(&p, func(link linklayer.Type, octets []byte) {
				if link != linklayer.Ethernet {
					t.Errorf("link type %d", link)
				}
				got = slices.Clone(octets)
			})
			if reason != tc.reason {
				t.Errorf("reason %d, want %d", reason, tc.reason)
			}
			if diff := cmp.Diff(tc.replayed(), got); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRehearseDryRun(t *testing.T) {
	sink := build(t, settings(func(s *broadcast.Settings) { s.DryRun = true }))
	p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	p.Decode()
	reason := sink.(pipeline.DryRunner).DryRun(&p, func(linklayer.Type, []byte) { t.Error("a frame is sent") })
	if reason != pipeline.Pass {
		t.Errorf("reason %d", reason)
	}
}

// TestPluginDefaults wants what the documentation says. Messages of other hosts must not go round.
func TestPluginDefaults(t *testing.T) {
	plugin := broadcast.Plugin()
	want := &broadcast.Settings{SourceMAC: "captured-destination"}
	if diff := cmp.Diff(want, plugin.NewSettings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if plugin.Reach != pipeline.ReachNetwork {
		t.Errorf("reach %d", plugin.Reach)
	}
}

func TestSettings(t *testing.T) {
	s := settings(func(s *broadcast.Settings) { s.Interface, s.SourceMAC = "", "router" })
	_, err := broadcast.Plugin().Build(&s, pipelinetest.Env(t))
	const want = "interface: is empty\n" +
		`source_mac: must be captured-destination, captured-source or interface, not "router"`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func build(t *testing.T, s broadcast.Settings) pipeline.Sink {
	t.Helper()
	sink, err := broadcast.New(s, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return sink
}
