package icmpptb_test

import (
	"net/netip"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

var router6 = netip.MustParseAddr("2001:db8:f::1")

func TestPlugin(t *testing.T) {
	pipelinetest.TestFilter(t, icmpptb.Plugin(), nil)
}

func build(t *testing.T) pipeline.Filter {
	t.Helper()
	built, err := icmpptb.Plugin().Build(icmpptb.Plugin().NewSettings(), pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return built.(pipeline.Filter)
}

func TestFilter(t *testing.T) {
	frame := func(m pipelinetest.PTB, change ...func(*pipeline.Packet)) pipeline.Packet {
		p := m.Packet(pipelinetest.Begin)
		for _, c := range change {
			c(&p)
		}
		return p
	}
	set := func(at int, bytes ...byte) func(*pipeline.Packet) {
		return func(p *pipeline.Packet) { copy(p.Data[at:], bytes) }
	}
	long := func(n int) func(*pipeline.Packet) {
		return func(p *pipeline.Packet) { p.Data, p.Length = p.Data[:n], n }
	}
	onWire := func(n int) func(*pipeline.Packet) { return func(p *pipeline.Packet) { p.Length = n } }
	raw := func(kind linklayer.PacketType) func(*pipeline.Packet) {
		return func(p *pipeline.Packet) {
			p.LinkType, p.Data, p.Length, p.Type = linklayer.Raw, p.Data[14:], p.Length-14, kind
		}
	}
	v4, v6 := pipelinetest.PTB{}, pipelinetest.PTB{Router: router6}
	toAll := pipelinetest.PTB{DstMAC: [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	tagged := pipelinetest.PTB{VLAN: 7}
	for _, tc := range []struct {
		name   string
		packet pipeline.Packet
		want   pipeline.Reason
	}{
		{"IPv4", frame(v4), pipeline.Pass},
		{"IPv6", frame(v6), pipeline.Pass},
		{"VLAN", frame(tagged), pipeline.Pass},
		{"raw", frame(v4, raw(linklayer.TypeUnknown)), pipeline.Pass},
		{"to a group", frame(pipelinetest.PTB{DstMAC: [6]byte{1, 0, 0x5e, 0, 0, 1}}), icmpptb.Broadcast},
		{"to a local group", frame(pipelinetest.PTB{DstMAC: [6]byte{3, 0, 0, 0, 0, 1}}), icmpptb.Broadcast},
		{"to a group, by type", frame(v4, raw(linklayer.TypeMulticast)), icmpptb.Broadcast},
		{"other ICMP type", frame(v4, set(34, 11)), icmpptb.NotPTB},
		{"other ICMP code", frame(v4, set(35, 3)), icmpptb.NotPTB},
		{"other ICMPv6 type", frame(v6, set(54, 1)), icmpptb.NotPTB},
		{"later fragment", frame(v4, set(20, 0, 1)), icmpptb.NotPTB},
		{"not IP", frame(v4, set(12, 0x08, 0x06)), icmpptb.NotPTB},
		{"empty", pipeline.Packet{LinkType: linklayer.Ethernet}, icmpptb.NotPTB},
		{"link type that is not decoded", frame(v4, func(p *pipeline.Packet) { p.LinkType = 105 }), icmpptb.LinkType},
		{"36 bytes behind the link layer", frame(v4, long(14+36)), pipeline.Pass},
		{"35 bytes behind the link layer", frame(v4, long(14+35)), icmpptb.NotPTB},
		{"36 with the VLAN tag", frame(tagged, long(14+36)), pipeline.Pass},
		{"35 with the VLAN tag", frame(tagged, long(14+35)), icmpptb.NotPTB},
		{"padding counts", frame(v4, long(14+35), onWire(60)), icmpptb.Truncated},
		{"to all hosts", frame(toAll), icmpptb.Broadcast},
		{"injected", frame(v4, set(6, linklayer.InjectedMAC[:]...)), icmpptb.Injected},
		{"injected, truncated", frame(v6, set(6, linklayer.InjectedMAC[:]...), onWire(143)), icmpptb.Injected},
		{"injected, by origin", frame(v4, raw(linklayer.TypeHost), func(p *pipeline.Packet) { p.Origin = pipeline.OriginInjected }), icmpptb.Injected},
		{"injected, no PTB", frame(v4, set(6, linklayer.InjectedMAC[:]...), set(34, 11)), icmpptb.NotPTB},
		{"to all hosts, by type", frame(v4, raw(linklayer.TypeBroadcast)), icmpptb.Broadcast},
		{"truncated", frame(v4, onWire(143)), icmpptb.Truncated},
		{"truncated, to all hosts", frame(toAll, onWire(143)), icmpptb.Broadcast},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := pipelinetest.Decide(build(t), &tc.packet); got != tc.want {
				t.Errorf("reason %d, want %d", got, tc.want)
			}
		})
	}
}

// TestKernelFilter checks that the program accepts the PTBs that are no broadcasts,
// as the original daemon's filter does, and nothing else.
func TestKernelFilter(t *testing.T) {
	kernel := build(t).(pipeline.KernelFilter)
	for _, link := range []linklayer.Type{linklayer.Ethernet, linklayer.Raw} {
		vm, err := bpf.NewVM(kernel.KernelFilter(link, 2048))
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range pipelinetest.Packets() {
			if p.LinkType != link {
				continue
			}
			if p.Decode(); p.Tag != 0 { // the kernel takes it off
				continue
			}
			want := 0
			if p.PTB != 0 && !p.Broadcast() {
				want = 2048
			}
			if got, err := vm.Run(p.Data); got != want || err != nil {
				t.Errorf("packet %d of link type %d: %d bytes accepted (%v), want %d", i, link, got, err, want)
			}
		}
	}
	if program := kernel.KernelFilter(linklayer.SLL, 2048); program != nil {
		t.Errorf("program %v for a link type that the kernel does not capture", program)
	}
}
