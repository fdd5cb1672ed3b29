package pipeline

import "github.com/pmtud/pmtud/pipeline/wire"

// minTransport is what receivers ask for behind the quoted headers (RFC 792).
const minTransport = 8

// Usable reports whether a receiver could use what a PTB quotes: the IP header, its
// extension headers and eight bytes behind them, of no fragment but the first. Linux
// asks for these before it looks for a socket (icmp_socket_deliver in
// net/ipv4/icmp.c, icmpv6_notify in net/ipv6/icmp.c). What a cut capture may lack
// counts as there.
func (p *Packet) Usable() bool {
	b := p.Quote()
	cut := p.Truncated() && p.ipEnd() == len(p.Data)
	if len(b) == 0 {
		return cut
	}
	transport, ok := transportOf(b)
	return ok && (cut || len(b) >= transport+minTransport)
}

// transportOf returns the offset behind the headers of a quoted packet, or that of the
// end of a header that is cut. It reports false if nothing follows that a receiver looks
// at, whatever is quoted.
func transportOf(b []byte) (offset int, ok bool) {
	ip := wire.ParseIP(b)
	switch wire.Version(b) {
	case 4:
		header, _ := wire.HeaderLen(4, b)
		return header, header >= wire.IPv4Len && ip.Payload().FragmentOffset == 0
	case 6:
		if ip.Version == 0 {
			return wire.IPv6Len, true
		}
		return behindExtensions(ip)
	}
	return 0, false
}

// behindExtensions walks the extension headers that receivers walk (ipv6_ext_hdr in
// net/ipv6/exthdrs_core.c).
func behindExtensions(ip wire.IP) (offset int, ok bool) {
	offset = wire.IPv6Len
	for proto := ip.Protocol(); ; {
		switch proto {
		case wire.ProtoHopByHop, wire.ProtoRouting, wire.ProtoFragment, wire.ProtoAH, wire.ProtoDestination:
		case wire.ProtoNone:
			return offset, false
		default:
			return offset, true
		}
		if len(ip.Bytes) < offset+wire.MinExtensionLen {
			return offset, true
		}
		header := ip.Bytes[offset:]
		if proto == wire.ProtoFragment {
			if at, _ := wire.Fragment(header); at > 0 {
				return offset, false
			}
		}
		offset += wire.ExtensionLen(proto, header)
		proto = wire.Protocol(header[0])
	}
}
