package broadcast_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
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

func packet(link pipeline.LinkType, data []byte) pipeline.Packet {
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
	cut := packet(pipeline.LinkEthernet, ptb[:60])
	cut.Length = len(ptb)
	group := packet(pipeline.LinkRaw, ptb[14:])
	group.Type = pipeline.TypeBroadcast

	const ethernet, use = pipeline.LinkEthernet, broadcast.CapturedDestination
	return []frameCase{
		{"captured destination", use, packet(ethernet, ptb), frame(hostMAC, ptb[12:]), 0},
		{"captured source", broadcast.CapturedSource, packet(ethernet, ptb), frame(routerMAC, ptb[12:]), 0},
		{"interface", broadcast.Interface, packet(ethernet, ptb), frame(nil, ptb[12:]), 0},
		{"IPv6", use, packet(ethernet, ptb6), frame(hostMAC, ptb6[12:]), 0},
		{"VLAN tag", use, packet(ethernet, tagged), frame(hostMAC, tagged[12:]), 0},
		{"padding", use, packet(ethernet, padded), frame(hostMAC, padded[12:]), 0},
		{"no IP", use, packet(ethernet, slices.Concat(hostMAC, routerMAC, []byte{0x88, 0xcc, 1, 2})), frame(hostMAC, []byte{0x88, 0xcc, 1, 2}), 0},

		{"cooked", use, packet(pipeline.LinkSLL, sll(ptb)), frame(nil, ptb[12:]), 0},
		{"cooked with VLAN tag", use, packet(pipeline.LinkSLL, sll(tagged)), frame(nil, tagged[12:]), 0},
		{"cooked, version 2", broadcast.CapturedSource, packet(pipeline.LinkSLL2, sll2(ptb6)), frame(nil, ptb6[12:]), 0},
		{"cooked with VLAN tag, version 2", use, packet(pipeline.LinkSLL2, sll2(tagged)), frame(nil, tagged[12:]), 0},
		{"IPv4", use, packet(pipeline.LinkRaw, ptb[14:]), frame(nil, ptb[12:]), 0},
		{"IPv6 without link layer", use, packet(pipeline.LinkRaw, ptb6[14:]), frame(nil, ptb6[12:]), 0},
		{"BSD loopback", use, packet(pipeline.LinkNull, slices.Concat([]byte{2, 0, 0, 0}, ptb[14:])), frame(nil, ptb[12:]), 0},

		{"captured as broadcast", use, packet(ethernet, slices.Concat(toAll, ptb[6:])), nil, broadcast.AlreadyBroadcast},
		{"captured as broadcast, cooked", use, group, nil, broadcast.AlreadyBroadcast},
		{"truncated", use, cut, nil, broadcast.Truncated},
		{"no whole header", use, packet(ethernet, ptb[:13]), nil, broadcast.NoFrame},
		{"cooked, not IP", use, packet(pipeline.LinkSLL, slices.Concat(make([]byte, 14), []byte{0x08, 0x06, 1, 2})), nil, broadcast.NoFrame},
		{"cooked, empty", use, packet(pipeline.LinkSLL, sll(ptb[:14])), nil, broadcast.NoFrame},
		{"cut in the VLAN tag, cooked", use, packet(pipeline.LinkSLL, sll(tagged[:17])), nil, broadcast.NoFrame},
		{"neither IPv4 nor IPv6", use, packet(pipeline.LinkRaw, []byte{0x50, 0, 0, 0}), nil, broadcast.NoFrame},
		{"unknown link type", use, packet(9999, ptb), nil, broadcast.NoFrame},
	}
}

type frameCase struct {
	name   string
	source broadcast.SourceMAC
	packet pipeline.Packet
	frame  []byte // without source address where that is the interface's
	reason pipeline.Reason
}

// want returns the frame of a case when the interface has the address.
func (c frameCase) want(mac []byte) []byte {
	ofInterface := c.source == broadcast.Interface || c.packet.LinkType != pipeline.LinkEthernet
	if c.frame != nil && ofInterface {
		return slices.Insert(slices.Clone(c.frame), 6, mac...)
	}
	return c.frame
}

func TestRehearse(t *testing.T) {
	for _, tc := range frameCases() {
		t.Run(tc.name, func(t *testing.T) {
			sink := build(t, settings(func(s *broadcast.Settings) { s.SourceMAC = tc.source }))
			var got []byte
			p := tc.packet
			kind := p.Type
			p.Decode()
			if kind != 0 {
				p.Type = kind
			}
			reason := sink.(pipeline.Rehearser).Rehearse(&p, func(link pipeline.LinkType, octets []byte) {
				if link != pipeline.LinkEthernet {
					t.Errorf("link type %d", link)
				}
				got = slices.Clone(octets)
			})
			if reason != tc.reason {
				t.Errorf("reason %d, want %d", reason, tc.reason)
			}
			if diff := cmp.Diff(tc.want(noMAC), got); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRehearseDryRun(t *testing.T) {
	sink := build(t, settings(func(s *broadcast.Settings) { s.DryRun = true }))
	p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	p.Decode()
	reason := sink.(pipeline.Rehearser).Rehearse(&p, func(pipeline.LinkType, []byte) { t.Error("a frame is sent") })
	if reason != pipeline.Pass {
		t.Errorf("reason %d", reason)
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
