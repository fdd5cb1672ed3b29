package pipeline_test

import (
	"bytes"
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// FuzzDecode checks that decoding stays inside the packet's bytes, allocates
// nothing, and agrees with gopacket's layers on packets that are well-formed.
func FuzzDecode(f *testing.F) {
	for i, p := range pipelinetest.Packets() {
		if i%37 == 0 {
			f.Add(uint16(p.LinkType), p.Data)
		}
	}
	for _, header := range []string{"\xff\x03\x00\x21", "\xff\x03\x21"} {
		f.Add(uint16(linklayer.PPP), append([]byte(header), pipelinetest.PTB{}.Frame()[14:]...))
	}
	f.Add(uint16(linklayer.PPPEther), append([]byte("\x11\x00\x00\x01\x00\xff\x00\x21"), pipelinetest.PTB{}.Frame()[14:]...))
	for _, data := range vectors(f) {
		f.Add(uint16(linklayer.Ethernet), data)
	}
	f.Fuzz(func(t *testing.T, link uint16, data []byte) {
		p := decoded(link, slices.Clip(data)) // an access behind the end panics
		checkOffsets(t, &p)
		checkSurroundings(t, &p)
		checkAllocations(t, &p)
		o := newOracle(&p)
		o.checkOuter(t, &p)
		o.checkPTB(t, &p)
		if q, ok := p.Quoted(); ok {
			newQuoteOracle(q.Version, p.Quote()).check(t, q, p.Quote())
		}
	})
}

// vectors returns frames that were made to be difficult.
func vectors(t testing.TB) (frames [][]byte) {
	t.Helper()
	f, err := os.Open("../testdata/vectors/public.pcap")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r.SetSnaplen(1 << 18)
	for {
		data, _, err := r.ReadPacketData()
		if err != nil {
			return frames
		}
		frames = append(frames, data)
	}
}

func decoded(link uint16, data []byte) pipeline.Packet {
	p := pipeline.Packet{Data: data, Length: len(data), LinkType: linklayer.Type(link)}
	p.Decode()
	return p
}

func checkOffsets(t *testing.T, p *pipeline.Packet) {
	t.Helper()
	n := len(p.Data)
	if p.Network < -1 || p.Network > n {
		t.Errorf("network header at %d of %d", p.Network, n)
	}
	if (p.PTB == 0) != (p.ICMP == -1) || p.PTB != 0 && (p.ICMP < p.Network || p.ICMP+2 > n) {
		t.Errorf("PTB %d at %d of %d", p.PTB, p.ICMP, n)
	}
	if end := p.IPEnd(); end < 0 || end > n || !bytes.HasSuffix(p.Data[:end], p.Quote()) {
		t.Errorf("the quote is not the end of the IP packet, at %d of %d", end, n)
	}
}

// everything is all that is read of a packet.
type everything struct {
	view           pipeline.View
	router, target netip.Addr
	mtu            uint32
	hasMTU         bool
	quoted         pipeline.Quoted
	hasQuoted      bool
	broadcast      bool
	usable         bool
}

func readAll(p *pipeline.Packet) (e everything) {
	e.view, e.router, e.target = p.View, p.Router(), p.Target()
	e.mtu, e.hasMTU = p.MTU()
	e.quoted, e.hasQuoted = p.Quoted()
	e.broadcast, e.usable = p.Broadcast(), p.Usable()
	return e
}

// checkSurroundings checks that bytes behind the packet make no difference.
func checkSurroundings(t *testing.T, p *pipeline.Packet) {
	t.Helper()
	want := readAll(p)
	for _, fill := range []byte{0, 3, 6, 0xff} {
		room := append(bytes.Clone(p.Data), bytes.Repeat([]byte{fill}, 100)...)
		q := decoded(uint16(p.LinkType), room[:len(p.Data)])
		if got := readAll(&q); got != want {
			t.Errorf("with 0x%02x behind the packet: %+v, alone: %+v", fill, got, want)
		}
	}
}

func checkAllocations(t *testing.T, p *pipeline.Packet) {
	t.Helper()
	q := *p
	if n := testing.AllocsPerRun(10, func() {
		q.Decode()
		readAll(&q)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// oracle is what gopacket makes of a packet.
type oracle struct {
	stack []gopacket.Layer
	ip    int // index of the first IP layer in stack, -1 if there is none
	at    int // its offset
	tags  int // VLAN tags before it
	whole bool
}

// hdlc is address and control of HDLC before PPP (RFC 1662, section 3.1).
var hdlc = []byte{0xff, 3}

func newOracle(p *pipeline.Packet) oracle {
	var first gopacket.LayerType
	switch p.LinkType {
	case linklayer.Ethernet:
		first = layers.LayerTypeEthernet
	case linklayer.SLL:
		first = layers.LayerTypeLinuxSLL
	case linklayer.Null, linklayer.Loop:
		first = layers.LayerTypeLoopback
	case linklayer.PPP, linklayer.PPPHDLC:
		if !bytes.HasPrefix(p.Data, hdlc) || bytes.HasPrefix(p.Data[2:], hdlc) {
			return oracle{ip: -1} // gopacket knows no PPP without HDLC's, takes Cisco's for it, and HDLC's twice
		}
		o := decodeOracle(layers.LayerTypePPP, p.Data[2:])
		o.at += 2
		return o
	case linklayer.PPPEther:
		if !bytes.HasPrefix(p.Data, []byte{0x11, 0}) || bytes.HasPrefix(p.Data[min(6, len(p.Data)):], hdlc) {
			return oracle{ip: -1} // gopacket takes every version, type and code (RFC 2516, section 4), and HDLC's
		}
		return decodeOracle(layers.LayerTypePPPoE, p.Data)
	case linklayer.Raw, linklayer.IPv4, linklayer.IPv6:
		first = layers.LayerTypeIPv4
		if len(p.Data) > 0 && p.Data[0]>>4 == 6 {
			first = layers.LayerTypeIPv6
		}
	default:
		return oracle{ip: -1}
	}
	return decodeOracle(first, p.Data)
}

func decodeOracle(first gopacket.LayerType, data []byte) oracle {
	packet := gopacket.NewPacket(data, first, gopacket.NoCopy)
	o := oracle{stack: packet.Layers(), ip: -1, whole: packet.ErrorLayer() == nil}
	for i, l := range o.stack {
		switch l.(type) {
		case *layers.IPv4, *layers.IPv6:
			o.ip = i
			return o
		case *layers.Dot1Q:
			o.tags++
		case *layers.Ethernet, *layers.LinuxSLL, *layers.Loopback:
		case *layers.PPPoE, *layers.PPP:
			if _, ethernet := o.stack[0].(*layers.Ethernet); ethernet {
				return o
			}
		default: // tunnels
			return o
		}
		o.at += len(l.LayerContents())
	}
	return o
}

// ip4 returns the IPv4 header, if it is sound and not behind more tags than one.
func (o oracle) ip4() (*layers.IPv4, bool) {
	if o.ip < 0 || o.tags > 1 {
		return nil, false
	}
	ip, ok := o.stack[o.ip].(*layers.IPv4)
	return ip, ok && ip.Version == 4
}

func (o oracle) ip6() (*layers.IPv6, bool) {
	if o.ip < 0 || o.tags > 1 {
		return nil, false
	}
	ip, ok := o.stack[o.ip].(*layers.IPv6)
	return ip, ok && ip.Version == 6
}

func (o oracle) checkOuter(t *testing.T, p *pipeline.Packet) {
	t.Helper()
	var src, dst []byte
	if ip, ok := o.ip4(); ok {
		src, dst = ip.SrcIP, ip.DstIP
	} else if ip, ok := o.ip6(); ok {
		src, dst = ip.SrcIP, ip.DstIP
	} else {
		return
	}
	if p.Network != o.at {
		t.Errorf("IP header at %d, gopacket's at %d", p.Network, o.at)
	}
	if !sameAddr(p.Router(), src) || !sameAddr(p.Target(), dst) {
		t.Errorf("from %v to %v, gopacket has %v and %v", p.Router(), p.Target(), src, dst)
	}
}

func sameAddr(a netip.Addr, octets []byte) bool { return bytes.Equal(a.AsSlice(), octets) }

// next returns the layer behind the IP header.
func (o oracle) next() gopacket.Layer {
	if o.ip < 0 || o.ip+1 >= len(o.stack) {
		return nil
	}
	return o.stack[o.ip+1]
}

// ptb returns the version of the PTB that gopacket sees, 0 for none, and its MTU.
func (o oracle) ptb() (version uint8, mtu uint32) {
	if _, ok := o.ip4(); ok {
		if icmp, ok := o.next().(*layers.ICMPv4); ok && icmp.TypeCode == layers.CreateICMPv4TypeCode(3, 4) {
			return 4, uint32(icmp.Seq)
		}
	}
	if _, ok := o.ip6(); ok {
		if icmp, ok := o.next().(*layers.ICMPv6); ok && icmp.TypeCode == layers.CreateICMPv6TypeCode(2, 0) && len(icmp.Payload) >= 4 {
			b := icmp.Payload
			return 6, uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
		}
	}
	return 0, 0
}

func (o oracle) checkPTB(t *testing.T, p *pipeline.Packet) {
	t.Helper()
	version, mtu := o.ptb()
	if version == 0 {
		if p.PTB != 0 && o.sound() {
			t.Errorf("PTB %d, gopacket has none", p.PTB)
		}
		return
	}
	if at := o.at + len(o.stack[o.ip].LayerContents()); p.PTB != version || p.ICMP != at {
		t.Errorf("PTB %d at %d, gopacket has %d at %d", p.PTB, p.ICMP, version, at)
	}
	if got, ok := p.MTU(); got != mtu || !ok {
		t.Errorf("MTU %d, %v, gopacket has %d", got, ok, mtu)
	}
}

// sound reports whether the packet's lengths tell the truth about an ICMP header.
func (o oracle) sound() bool {
	if ip, ok := o.ip4(); ok {
		return o.whole && ip.Flags&layers.IPv4MoreFragments == 0 && len(ip.Payload) >= 8
	}
	if ip, ok := o.ip6(); ok {
		return o.whole && len(ip.Payload) >= 8
	}
	return false
}

func newQuoteOracle(version uint8, quote []byte) oracle {
	if version == 6 {
		return decodeOracle(layers.LayerTypeIPv6, quote)
	}
	return decodeOracle(layers.LayerTypeIPv4, quote)
}

// check compares a quoted packet. Its end is missing as a rule, so gopacket may
// not get as far.
func (o oracle) check(t *testing.T, q pipeline.Quoted, quote []byte) {
	t.Helper()
	if ip, ok := o.ip4(); ok {
		o.checkQuoted4(t, q, ip, quote)
	} else if ip, ok := o.ip6(); ok {
		o.checkQuoted6(t, q, ip)
	} else {
		return
	}
	src, dst, ok := o.ports()
	if q.Version == 4 && q.Protocol == wire.ProtoAH {
		return // gopacket looks behind the header; to us the protocol has no ports
	}
	switch {
	case ok && (!q.HasPorts || q.SrcPort != src || q.DstPort != dst):
		t.Errorf("ports %d and %d (%v), gopacket has %d and %d", q.SrcPort, q.DstPort, q.HasPorts, src, dst)
	case !ok && q.HasPorts && o.whole && q.Length >= len(quote) && !o.fragmented():
		t.Errorf("ports %d and %d, gopacket has none", q.SrcPort, q.DstPort)
	}
}

func (o oracle) checkQuoted4(t *testing.T, q pipeline.Quoted, ip *layers.IPv4, quote []byte) {
	t.Helper()
	if !sameAddr(q.Src, ip.SrcIP) || !sameAddr(q.Dst, ip.DstIP) || q.Protocol != wire.Protocol(ip.Protocol) {
		t.Errorf("%+v, gopacket has %+v", q, ip)
	}
	noLength := quote[2] == 0 && quote[3] == 0 // gopacket then takes the bytes that are there
	if q.Length != int(ip.Length) && !noLength {
		t.Errorf("length %d, gopacket has %d", q.Length, ip.Length)
	}
	if ip.FragOffset != 0 && q.HasPorts {
		t.Error("a later fragment has ports")
	}
}

func (o oracle) checkQuoted6(t *testing.T, q pipeline.Quoted, ip *layers.IPv6) {
	t.Helper()
	if !sameAddr(q.Src, ip.SrcIP) || !sameAddr(q.Dst, ip.DstIP) || q.Length != 40+int(ip.Length) {
		t.Errorf("%+v, gopacket has %+v", q, ip)
	}
	for _, l := range o.stack[o.ip:] {
		if fragment, ok := l.(*layers.IPv6Fragment); ok && fragment.FragmentOffset != 0 && q.HasPorts {
			t.Error("a later fragment has ports")
		}
	}
}

// ports returns those of the transport header behind the IP header and its
// extension headers.
func (o oracle) ports() (src, dst uint16, ok bool) {
	for _, l := range o.stack[o.ip+1:] {
		if len(l.LayerContents()) == 0 { // gopacket shows headers that it could not decode
			return 0, 0, false
		}
		switch l := l.(type) {
		case *layers.TCP:
			return uint16(l.SrcPort), uint16(l.DstPort), true
		case *layers.UDP:
			return uint16(l.SrcPort), uint16(l.DstPort), true
		case *layers.UDPLite:
			return uint16(l.SrcPort), uint16(l.DstPort), true
		case *layers.SCTP:
			return uint16(l.SrcPort), uint16(l.DstPort), true
		case *layers.IPv6HopByHop, *layers.IPv6Routing, *layers.IPv6Destination, *layers.IPSecAH:
		default:
			return 0, 0, false
		}
	}
	return 0, 0, false
}

// fragmented reports a fragment, or a header that gopacket does not know.
func (o oracle) fragmented() bool {
	for _, l := range o.stack[o.ip:] {
		switch l := l.(type) {
		case *layers.IPv4:
			if l.Flags&layers.IPv4MoreFragments != 0 {
				return true
			}
		case *layers.IPv6Fragment, *gopacket.Payload, gopacket.Payload, *gopacket.Fragment:
			return true
		}
	}
	return false
}
