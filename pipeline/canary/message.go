package canary

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/pmtud/pmtud/pipeline/wire"
)

// Bounds of what a canary says.
const (
	MaxName      = 63
	MaxAddresses = 12
	MinInterval  = time.Second
	MaxInterval  = time.Hour
)

// Message is what a canary says.
type Message struct {
	Name      string        // of the sender: see [CheckName]
	Instance  uint64        // of the sender's configuration
	Sequence  uint64        // of the instance's canaries
	Interval  time.Duration // the time to the next one is no longer
	Addresses []netip.Addr  // the sender's own
}

// Protocol is that of the quoted packet: one for experiments (RFC 3692), which Linux does not know.
const Protocol = 253

// Magic begins what follows the quoted IP header.
const Magic = "pmtud canary"

const (
	version   = 1
	headerLen = 36
	hopLimit  = 64
)

// Addresses of canaries: of the router, of the target, which is the source of the quoted packet, and
// of the quoted packet's destination.
var (
	ipv4 = [3]netip.Addr{netip.MustParseAddr("192.0.2.253"), netip.MustParseAddr("198.51.100.253"), netip.MustParseAddr("203.0.113.253")}
	ipv6 = [3]netip.Addr{netip.MustParseAddr("2001:db8::fd"), netip.MustParseAddr("2001:db8:1::fd"), netip.MustParseAddr("2001:db8:2::fd")}
)

// IPv4 returns the message as an IPv4 packet, from its IP header on.
func (m Message) IPv4() []byte {
	quoted := m.appendPayload(ipv4Header(ipv4[1], ipv4[2], Protocol))
	finish(quoted)
	packet := ipv4Header(ipv4[0], ipv4[1], wire.ProtoICMP)
	return assemble(packet, [wire.ICMPLen]byte{3, 4}, quoted)
}

// IPv6 returns the message as an IPv6 packet.
func (m Message) IPv6() []byte {
	quoted := m.appendPayload(ipv6Header(ipv6[1], ipv6[2], Protocol))
	finish(quoted)
	packet := ipv6Header(ipv6[0], ipv6[1], wire.ProtoICMPv6)
	return assemble(packet, [wire.ICMPLen]byte{2, 0}, quoted)
}

// assemble puts ICMP header and quoted packet behind an IP header.
func assemble(packet []byte, icmp [wire.ICMPLen]byte, quoted []byte) []byte {
	header := len(packet)
	packet = append(append(packet, icmp[:]...), quoted...)
	finish(packet)
	wire.ParseIP(packet).SetICMPChecksum(packet[header:])
	return packet
}

// finish sets the length of an IP packet, and the checksum of its header.
func finish(packet []byte) {
	if wire.Version(packet) == 6 {
		binary.BigEndian.PutUint16(packet[4:], uint16(len(packet)-wire.IPv6Len))
		return
	}
	binary.BigEndian.PutUint16(packet[2:], uint16(len(packet)))
	wire.ParseIP(packet).SetChecksum()
}

func ipv4Header(src, dst netip.Addr, protocol wire.Protocol) []byte {
	head := [12]byte{0: 0x45, 8: hopLimit, 9: byte(protocol)}
	return slices.Concat(head[:], src.AsSlice(), dst.AsSlice())
}

func ipv6Header(src, dst netip.Addr, protocol wire.Protocol) []byte {
	head := [8]byte{0: 0x60, 6: byte(protocol), 7: hopLimit}
	return slices.Concat(head[:], src.AsSlice(), dst.AsSlice())
}

func (m Message) appendPayload(b []byte) []byte {
	name, addresses := m.Name[:min(len(m.Name), MaxName)], m.Addresses[:min(len(m.Addresses), MaxAddresses)]
	b = append(b, Magic...)
	b = append(b, version, byte(len(name)), byte(len(addresses)), 0)
	b = binary.BigEndian.AppendUint64(b, m.Instance)
	b = binary.BigEndian.AppendUint64(b, m.Sequence)
	b = binary.BigEndian.AppendUint32(b, uint32(m.Interval.Milliseconds()))
	b = append(b, name...)
	for _, a := range addresses {
		raw := a.Unmap().AsSlice()
		family := byte(4)
		if len(raw) == 16 {
			family = 6
		}
		b = append(append(b, family), raw...)
	}
	return b
}

// Payload returns what follows the quoted IP header if a PTB of MTU 0 quotes the packet of a
// canary, of whatever version.
func Payload(quote []byte) (payload []byte, ok bool) {
	ip := wire.ParseIP(quote)
	at := ip.HeaderLen()
	if ip.Protocol() != Protocol || len(quote) < at+len(Magic) || string(quote[at:at+len(Magic)]) != Magic {
		return nil, false
	}
	return quote[at:], true
}

// read is a payload whose form was checked. Its slices are those of the payload.
type read struct {
	name      []byte
	instance  uint64
	interval  time.Duration
	addresses []byte
	count     int // of addresses
}

// parse reads a payload. It allocates nothing.
func parse(b []byte) (r read, ok bool) {
	if len(b) < headerLen || b[12] != version {
		return r, false
	}
	n := int(b[13])
	r.count = int(b[14])
	if len(b) < headerLen+n || n > MaxName || r.count > MaxAddresses {
		return r, false
	}
	r.name, r.addresses = b[headerLen:headerLen+n], b[headerLen+n:]
	r.instance = binary.BigEndian.Uint64(b[16:])
	r.interval = time.Duration(binary.BigEndian.Uint32(b[32:])) * time.Millisecond
	if !isName(r.name) || r.interval < MinInterval || r.interval > MaxInterval {
		return r, false
	}
	rest := r.addresses
	for range r.count {
		if _, rest, ok = nextAddress(rest); !ok {
			return r, false
		}
	}
	r.addresses = r.addresses[:len(r.addresses)-len(rest)]
	return r, true
}

// nextAddress reads an address and returns what is behind it.
func nextAddress(b []byte) (a netip.Addr, rest []byte, ok bool) {
	switch {
	case len(b) >= 5 && b[0] == 4:
		return netip.AddrFrom4([4]byte(b[1:5])), b[5:], true
	case len(b) >= 17 && b[0] == 6:
		return netip.AddrFrom16([16]byte(b[1:17])), b[17:], true
	}
	return a, nil, false
}

func (r read) addrs() []netip.Addr {
	all := make([]netip.Addr, 0, r.count)
	rest := r.addresses
	for range r.count {
		var a netip.Addr
		a, rest, _ = nextAddress(rest)
		all = append(all, a)
	}
	return all
}
