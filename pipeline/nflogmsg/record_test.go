package nflogmsg

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/netlink"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// logged describes a message for encode, which leaves out what is zero.
type logged struct {
	family, hook  byte
	protocol      uint16
	prefix        string
	seconds, usec uint64
	hwType        uint16
	hwHeader      []byte
	tpid, tci     uint16
	payload       []byte
	bare          bool // without packet header
}

// encode returns the message as the kernel orders its attributes.
func (l logged) encode(sequence uint32) []byte {
	a := netlink.NewAttributeEncoder()
	a.ByteOrder = binary.BigEndian
	if !l.bare {
		a.Bytes(attrPacketHeader, append(binary.BigEndian.AppendUint16(nil, l.protocol), l.hook, 0))
	}
	if l.prefix != "" {
		a.String(10, l.prefix)
	}
	if l.hwType != 0 {
		a.Uint16(attrHWType, l.hwType)
		a.Uint16(17, uint16(len(l.hwHeader)))
		a.Bytes(attrHWHeader, l.hwHeader)
	}
	if l.seconds != 0 {
		a.Bytes(attrTimestamp, binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, l.seconds), l.usec))
	}
	a.Uint32(attrSequence, sequence)
	if l.tpid != 0 {
		a.Nested(attrVLAN, func(a *netlink.AttributeEncoder) error {
			a.ByteOrder = binary.BigEndian
			a.Uint16(attrVLANTCI, l.tci)
			a.Uint16(attrVLANProtocol, l.tpid)
			return nil
		})
	}
	a.Bytes(attrPayload, l.payload)
	attributes, err := a.Encode()
	if err != nil {
		panic(err) // all of them are made here
	}
	return append([]byte{l.family, 0, 0, 33}, attributes...)
}

// TestLinkHeader has what the kernel reports on interfaces that not every system can
// make.
func TestLinkHeader(t *testing.T) {
	ptb := pipelinetest.PTB{}.Frame()
	tagged := pipelinetest.PTB{VLAN: 7}.Frame()
	ip := ptb[14:]
	zero := make([]byte, 14)
	zeroIP := append(zero[:12:12], 8, 0)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	doubly := join(tagged[:12], []byte{0x88, 0xa8, 0, 9}, tagged[12:])
	sized := join(ptb[:12], []byte{0, 38})
	behind := func(macs []byte, etherTypes ...byte) []byte { return join(macs, etherTypes) }
	ptb6 := pipelinetest.PTB{Router: netip.MustParseAddr("2001:db8:f::1")}.Frame()
	everybody := join(bytes.Repeat([]byte{0xff}, 6), ptb[6:])
	group := join([]byte{1, 0, 0x5e, 0, 0, 1}, ptb[6:])
	inQ := behind(ptb[:12], 0x88, 0xa8, 0, 9, 8, 0)
	sound := logged{family: familyIPv4, hook: 1, protocol: 0x0800, hwType: arphrdEther, hwHeader: ptb[:14], payload: ip}
	for _, tc := range []struct {
		name   string
		change func(*logged)
		data   []byte
		link   linklayer.Type
		kind   linklayer.PacketType
	}{
		{"Ethernet", func(*logged) {}, ptb, linklayer.Ethernet, linklayer.TypeHost},
		{"prefix", func(l *logged) { l.prefix = "ptb: " }, ptb, linklayer.Ethernet, linklayer.TypeHost},
		{"prefix of another length", func(l *logged) { l.prefix = "ptb:" }, ptb, linklayer.Ethernet, linklayer.TypeHost},
		{"VLAN interface, tag taken off", func(l *logged) { l.hwHeader = join(ptb[:14], ip[:4]) }, ptb, linklayer.Ethernet, linklayer.TypeHost},
		{"VLAN interface, tag left in", func(l *logged) { l.hwHeader = tagged[:18] }, tagged, linklayer.Ethernet, linklayer.TypeHost},
		{"VLAN interface, header cut", func(l *logged) { l.hwHeader = tagged[:14] }, ip, linklayer.Raw, linklayer.TypeUnknown},
		{"tag told", func(l *logged) { l.tpid, l.tci = 0x8100, 7 }, tagged, linklayer.Ethernet, linklayer.TypeHost},
		{"tag told and tag left in", func(l *logged) { l.tpid, l.tci, l.hwHeader = 0x88a8, 9, tagged[:18] }, doubly, linklayer.Ethernet, linklayer.TypeHost},
		{"loopback", func(l *logged) { l.hwType, l.hwHeader = 772, zeroIP }, ip, linklayer.Raw, linklayer.TypeUnknown},
		{"empty header", func(l *logged) { l.hwHeader = zero }, ip, linklayer.Raw, linklayer.TypeUnknown},
		{"no header", func(l *logged) { l.hwType = 0 }, ip, linklayer.Raw, linklayer.TypeUnknown},
		{"tunnel", func(l *logged) { l.hwType, l.hwHeader = 65534, nil }, ip, linklayer.Raw, linklayer.TypeUnknown},
		{"6in4 tunnel", func(l *logged) { l.hwType, l.hwHeader = 776, ptb[:14] }, ip, linklayer.Raw, linklayer.TypeUnknown},
		{"header of another protocol", func(l *logged) { l.protocol = 0x86dd }, ip, linklayer.Raw, linklayer.TypeUnknown},
		{"output", func(l *logged) { l.hook, l.hwType = 3, 0 }, ip, linklayer.Raw, linklayer.TypeOutgoing},
		{"bridge", func(l *logged) { l.family = 7 }, ptb, linklayer.Ethernet, linklayer.TypeUnknown},
		{"length in place of an EtherType", func(l *logged) { l.protocol, l.hwHeader = protocol8022, sized }, join(sized, ip), linklayer.Ethernet, linklayer.TypeHost},
		{"longest length", func(l *logged) { l.protocol, l.hwHeader = protocol8022, behind(ptb[:12], 5, 0xff) }, join(behind(ptb[:12], 5, 0xff), ip), linklayer.Ethernet, linklayer.TypeHost},
		{"lowest EtherType", func(l *logged) { l.protocol, l.hwHeader = protocol8022, behind(ptb[:12], 6, 0) }, ip, linklayer.Raw, linklayer.TypeUnknown},
		{"header of 13 bytes", func(l *logged) { l.hwHeader = ptb[:13] }, ip, linklayer.Raw, linklayer.TypeUnknown},
		{"VLAN interface, header of 17 bytes", func(l *logged) { l.hwHeader = tagged[:17] }, ip, linklayer.Raw, linklayer.TypeUnknown},
		{"VLAN interface, tag of another protocol", func(l *logged) { l.hwHeader = behind(ptb[:12], 0x81, 0, 0, 7, 0x86, 0xdd) }, ip, linklayer.Raw, linklayer.TypeUnknown},
		{"VLAN interface of 802.1ad, tag left in", func(l *logged) { l.hwHeader = inQ }, join(inQ, ip), linklayer.Ethernet, linklayer.TypeHost},
		{"header like a tag", func(l *logged) { l.hwHeader = behind(ptb[:12], 0x91, 0, 0, 7, 8, 0) }, ip, linklayer.Raw, linklayer.TypeUnknown},
		{"broadcast", func(l *logged) { l.hwHeader = everybody[:14] }, everybody, linklayer.Ethernet, linklayer.TypeBroadcast},
		{"multicast", func(l *logged) { l.hwHeader = group[:14] }, group, linklayer.Ethernet, linklayer.TypeMulticast},
		{"forwarded", func(l *logged) { l.hook = 2 }, ptb, linklayer.Ethernet, linklayer.TypeHost},
		{"bridge, behind routing", func(l *logged) { l.family, l.hook = 7, 4 }, ptb, linklayer.Ethernet, linklayer.TypeUnknown},
		{"of both IP versions", func(l *logged) { l.family = familyInet }, ptb, linklayer.Ethernet, linklayer.TypeHost},
		{"IPv6", func(l *logged) {
			l.family, l.protocol, l.hwHeader, l.payload = familyIPv6, 0x86dd, ptb6[:14], ptb6[14:]
		}, ptb6, linklayer.Ethernet, linklayer.TypeHost},
		{"IPv6, without packet header", func(l *logged) { l.family, l.bare, l.hwHeader, l.payload = familyIPv6, true, ptb6[:14], ptb6[14:] }, ptb6, linklayer.Ethernet, linklayer.TypeHost},
		{"without packet header", func(l *logged) { l.protocol, l.bare = 0, true }, ptb, linklayer.Ethernet, linklayer.TypeHost},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := sound
			tc.change(&l)
			checkPacket(t, &l, pipeline.Packet{Data: tc.data, Length: len(tc.data), Time: 5, LinkType: tc.link, Type: tc.kind})
		})
	}
}

// checkPacket compares the packet of a message, at the time 5, with the one that is wanted.
func checkPacket(t *testing.T, l *logged, want pipeline.Packet) {
	t.Helper()
	var r Record
	if !r.Parse(l.encode(1)) {
		t.Fatal("the message is not sound")
	}
	var p pipeline.Packet
	r.Fill(&p, 5)
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("packet (-want +got):\n%s", diff)
	}
}

// TestEgress has what the egress hook of an interface logs: whole frames, or IP packets if the
// interface has no frames. Those of other hooks that look like frames are none.
func TestEgress(t *testing.T) {
	ptb := pipelinetest.PTB{}.Frame()
	from8 := pipelinetest.PTB{Router: netip.AddrFrom4([4]byte{8, 0, 0, 1})}.Frame() // where a frame has an EtherType
	sound := logged{family: familyNetdev, hook: hookNetdevEgress, protocol: 0x0800, payload: ptb}
	for _, tc := range []struct {
		name   string
		change func(*logged)
		length int
		link   linklayer.Type
		kind   linklayer.PacketType
	}{
		{"frame", func(*logged) {}, len(ptb), linklayer.Ethernet, linklayer.TypeOutgoing},
		{"frame, cut", func(l *logged) { l.payload = ptb[:60] }, len(ptb), linklayer.Ethernet, linklayer.TypeOutgoing},
		{"Ethernet header alone", func(l *logged) { l.payload = ptb[:14] }, 14, linklayer.Ethernet, linklayer.TypeOutgoing},
		{"13 bytes", func(l *logged) { l.payload = ptb[:13] }, 13, linklayer.Raw, linklayer.TypeOutgoing},
		{"IP packet", func(l *logged) { l.payload = ptb[14:] }, len(ptb) - 14, linklayer.Raw, linklayer.TypeOutgoing},
		{"ingress", func(l *logged) { l.hook = 0 }, len(ptb), linklayer.Raw, linklayer.TypeUnknown},
		{"IP family", func(l *logged) { l.family, l.payload = familyIPv4, from8[14:] }, len(ptb) - 14, linklayer.Raw, linklayer.TypeUnknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := sound
			tc.change(&l)
			checkPacket(t, &l, pipeline.Packet{Data: l.payload, Length: tc.length, Time: 5, LinkType: tc.link, Type: tc.kind})
		})
	}
}

// TestOrigin has packets that pmtud has sent and others, by their source addresses.
func TestOrigin(t *testing.T) {
	other, ours := []byte{2, 0, 0, 0, 0, 2}, linklayer.InjectedMAC[:]
	for _, tc := range []struct {
		name   string
		header []byte
		want   pipeline.Origin
	}{
		{"none", nil, pipeline.OriginCapture},
		{"from another host", slices.Concat(other, other, []byte{8, 0}), pipeline.OriginCapture},
		{"to the address", slices.Concat(ours, other, []byte{8, 0}), pipeline.OriginCapture},
		{"from the address", slices.Concat(other, ours, []byte{8, 0}), pipeline.OriginInjected},
		{"no EtherType", slices.Concat(other, ours), pipeline.OriginInjected},
		{"cut", slices.Concat(other, ours[:5]), pipeline.OriginCapture},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r Record
			if !r.Parse(logged{family: familyIPv4, protocol: 0x0800, hwType: 772, hwHeader: tc.header}.encode(1)) {
				t.Fatal("the message is not sound")
			}
			var p pipeline.Packet
			if r.Fill(&p, 5); p.Origin != tc.want {
				t.Errorf("origin %d, want %d", p.Origin, tc.want)
			}
		})
	}
}

// Where the payload comes first, there is no room for a header in front of it.
func TestPayloadFirst(t *testing.T) {
	ptb := pipelinetest.PTB{}.Frame()
	a := netlink.NewAttributeEncoder()
	a.Bytes(attrPayload, ptb[14:])
	a.Bytes(attrHWType, []byte{0, arphrdEther})
	a.Bytes(attrHWHeader, ptb[:14])
	attributes, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var r Record
	if !r.Parse(append([]byte{familyIPv4, 0, 0, 33}, attributes...)) {
		t.Fatal("the message is not sound")
	}
	var p pipeline.Packet
	r.Fill(&p, 5)
	if !bytes.Equal(p.Data, ptb[14:]) || p.LinkType != linklayer.Raw {
		t.Errorf("% x of link type %d", p.Data, p.LinkType)
	}
}

// Of a message that a capture has cut, the payload's beginning is left.
func TestCut(t *testing.T) {
	ptb := pipelinetest.PTB{}.Frame()
	msg := logged{family: familyIPv4, hwType: arphrdEther, hwHeader: ptb[:14], protocol: 0x0800, payload: ptb[14:]}.encode(1)
	msg = msg[:len(msg)-50]
	if new(Record).Parse(bytes.Clone(msg)) {
		t.Error("a message that lacks its end is sound")
	}
	r := Record{Cut: true}
	if !r.Parse(msg) {
		t.Fatal("the message is not sound")
	}
	var p pipeline.Packet
	r.Fill(&p, 5)
	if !bytes.Equal(p.Data, ptb[:len(ptb)-50]) || p.Length != len(ptb) {
		t.Errorf("%d of %d bytes: % x", len(p.Data), p.Length, p.Data)
	}
}

func TestTimeStamp(t *testing.T) {
	for _, tc := range []struct {
		name          string
		seconds, usec uint64
		want          pipeline.Instant
	}{
		{"told", 1_767_323_045, 6, pipeline.InstantOf(time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC))},
		{"not told", 0, 0, 5},
		{"too late", 1 << 62, 0, 5},
		{"just too late", maxSeconds + 1, 0, 5},
		{"too many microseconds", 1, 1_000_000, 5},
		{"latest", maxSeconds, 999_999, 9_223_372_035_999_999_000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r Record
			r.Parse(logged{seconds: tc.seconds, usec: tc.usec}.encode(1))
			var p pipeline.Packet
			if r.Fill(&p, 5); p.Time != tc.want {
				t.Errorf("got %d, want %d", p.Time, tc.want)
			}
		})
	}
}

func TestLengthInHeader(t *testing.T) {
	v4 := append([]byte{0x45, 0, 5, 220}, make([]byte, 60)...)
	v6 := append([]byte{0x60, 0, 0, 0, 5, 0}, make([]byte, 60)...)
	for _, tc := range []struct {
		name     string
		protocol uint16
		payload  []byte
		want     int
	}{
		{"IPv4", 0x0800, v4, 1500},
		{"IPv6", 0x86dd, v6, 1320},
		{"less than there is", 0x0800, append([]byte{0x45, 0, 0, 20}, v4[4:]...), 64},
		{"none, of a jumbogram", 0x86dd, append([]byte{0x60, 0, 0, 0, 0, 0}, v6[6:]...), 66},
		{"cut before it", 0x0800, v4[:3], 3},
		{"cut before it, IPv6", 0x86dd, v6[:5], 5},
		{"not IP", 0x0806, v4, 64},
		{"empty", 0x0800, nil, 0},
		{"not IP, empty", 0x0806, nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r Record
			r.Parse(logged{protocol: tc.protocol, payload: tc.payload}.encode(1))
			var p pipeline.Packet
			if r.Fill(&p, 5); p.Length != tc.want || len(p.Data) != len(tc.payload) {
				t.Errorf("%d of %d bytes, want %d of %d", len(p.Data), p.Length, len(tc.payload), tc.want)
			}
		})
	}
}

// FuzzParse compares with the attribute decoder of package netlink, which go-nflog
// uses.
func FuzzParse(f *testing.F) {
	ptb := pipelinetest.PTB{}.Frame()
	sound := logged{
		family: familyNetdev, protocol: 0x0800, seconds: 1, usec: 2, prefix: "x",
		hwType: arphrdEther, hwHeader: ptb[:14], tpid: 0x8100, tci: 7, payload: ptb[14:],
	}.encode(1)
	f.Add(sound)
	f.Add(sound[:len(sound)-1])
	f.Add(logged{protocol: 0x86dd, hwType: arphrdEther, hwHeader: pipelinetest.PTB{VLAN: 7}.Frame()[:18]}.encode(1))
	f.Fuzz(func(t *testing.T, msg []byte) {
		swapped := swap(msg)
		checkRecord(t, bytes.Clone(msg))
		checkSwapped(t, bytes.Clone(msg), swapped)
	})
}

// swap returns a message as a host of the other byte order writes it, nil if it is
// not sound.
func swap(msg []byte) []byte {
	var r Record
	if !r.Parse(msg) {
		return nil
	}
	swapped := bytes.Clone(msg)
	swapAttributes(swapped[familyLen:], false)
	return swapped
}

// swapAttributes swaps what stands before the value of each attribute. Those within attrVLAN
// hold none.
func swapAttributes(b []byte, nested bool) {
	for len(b) >= attributeLen {
		n, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])
		b[0], b[1], b[2], b[3] = b[1], b[0], b[3], b[2]
		if kind&attrTypeMask == attrVLAN && !nested {
			swapAttributes(b[attributeLen:n], true)
		}
		b = b[min(align(n), len(b)):]
	}
}

// checkSwapped wants the same packet, whatever the byte order is.
func checkSwapped(t *testing.T, msg, swapped []byte) {
	if swapped == nil {
		return
	}
	var p, q pipeline.Packet
	plain, other := Record{}, Record{Swapped: true}
	if !plain.Parse(msg) || !other.Parse(swapped) {
		t.Fatal("the message is not sound in the other byte order")
	}
	plain.Fill(&p, 5)
	other.Fill(&q, 5)
	if diff := cmp.Diff(p, q); diff != "" {
		t.Errorf("packet of the other byte order (-native +swapped):\n%s", diff)
	}
}

func checkRecord(t *testing.T, msg []byte) {
	var r Record
	var p pipeline.Packet
	if !r.Parse(msg) {
		return
	}
	if want, ok := decode(msg); ok {
		want.msg = msg
		if diff := cmp.Diff(want, r, cmp.AllowUnexported(Record{})); diff != "" {
			t.Errorf("record (-netlink +ours):\n%s", diff)
		}
	}
	payload := bytes.Clone(msg[r.payload:r.end])
	r.Fill(&p, 5)
	if !bytes.HasSuffix(p.Data, payload) || len(p.Data) > len(payload)+22 || cap(p.Data) != len(p.Data) {
		t.Errorf("data % x, capacity %d, payload % x", p.Data, cap(p.Data), payload)
	}
	if p.Length < len(p.Data) || p.Time == 0 {
		t.Errorf("length %d, data %d, time %d", p.Length, len(p.Data), p.Time)
	}
}

// decode reads a message as go-nflog does. It reports false if package netlink
// finds a mistake.
func decode(msg []byte) (r Record, ok bool) {
	r = Record{family: msg[0], payload: len(msg), end: len(msg)}
	a, err := netlink.NewAttributeDecoder(msg[familyLen:])
	if err != nil {
		return r, false
	}
	a.ByteOrder = binary.BigEndian
	for a.Next() {
		value := a.Bytes()
		switch a.Type() {
		case attrPacketHeader:
			r.protocol, r.hook = binary.BigEndian.Uint16(value), value[2]
		case attrTimestamp:
			r.time = instant(binary.BigEndian.Uint64(value), binary.BigEndian.Uint64(value[8:]))
		case attrSequence:
			r.sequence, r.hasSequence = binary.BigEndian.Uint32(value), true
		case attrHWType:
			r.hwType = binary.BigEndian.Uint16(value)
		case attrHWHeader:
			r.hwHeader = value
		case attrVLAN:
			nested, err := netlink.NewAttributeDecoder(value)
			if err != nil {
				return r, false
			}
			for nested.Next() {
				switch nested.Type() {
				case attrVLANProtocol:
					r.vlanProtocol = binary.BigEndian.Uint16(nested.Bytes())
				case attrVLANTCI:
					r.vlanTCI = binary.BigEndian.Uint16(nested.Bytes())
				}
			}
			if nested.Err() != nil {
				return r, false
			}
		case attrPayload:
			// The decoder copies: tell where it was by how much is left.
			r.payload, r.end = locate(msg, attrPayload)
		}
	}
	if r.protocol == 0 {
		r.protocol = protocolOf(r.family)
	}
	return r, a.Err() == nil
}

// locate returns where the value of the last attribute of a type is.
func locate(msg []byte, kind uint16) (begin, end int) {
	for at := familyLen; at+attributeLen <= len(msg); {
		n := int(binary.NativeEndian.Uint16(msg[at:]))
		if binary.NativeEndian.Uint16(msg[at+2:])&attrTypeMask == kind {
			begin, end = at+attributeLen, at+n
		}
		at += align(n)
	}
	return begin, end
}

func TestParseAllocatesNothing(t *testing.T) {
	ptb := pipelinetest.PTB{}.Frame()
	msg := logged{protocol: 0x0800, hwType: arphrdEther, hwHeader: ptb[:14], payload: ptb[14:]}.encode(1)
	octets := make([]byte, len(msg))
	var r Record
	var p pipeline.Packet
	allocations := testing.AllocsPerRun(1000, func() {
		copy(octets, msg)
		if !r.Parse(octets) {
			t.Error("the message is not sound")
		}
		r.Fill(&p, 5)
	})
	if allocations != 0 {
		t.Errorf("%v allocations a packet", allocations)
	}
}

func BenchmarkParse(b *testing.B) {
	ptb := pipelinetest.PTB{}.Frame()
	msg := logged{protocol: 0x0800, hwType: arphrdEther, hwHeader: ptb[:14], payload: ptb[14:]}.encode(1)
	octets := make([]byte, len(msg))
	var r Record
	var p pipeline.Packet
	for b.Loop() {
		copy(octets, msg)
		r.Parse(octets)
		r.Fill(&p, 5)
	}
}
