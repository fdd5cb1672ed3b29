package icmpptb

import (
	"encoding/binary"
	"fmt"
)

func (w *walk) ipv4(b []byte) {
	w.what = "an IPv4 packet that is cut"
	if len(b) < 20 {
		return
	}
	header := 4 * int(b[0]&15)
	switch {
	case header < 20:
		w.what = fmt.Sprintf("an IPv4 header of %d bytes", header)
	case b[9] == protoICMP && binary.BigEndian.Uint16(b[6:])&0x1fff != 0:
		w.what = "a later fragment of an ICMPv4 message"
	case len(b) < header:
	case b[9] == protoICMP:
		w.icmp("ICMPv4", b[header:], 3, 4)
	default:
		w.protocol(b[9], b[header:])
	}
}

func (w *walk) ipv6(b []byte) {
	w.what = "an IPv6 packet that is cut"
	if len(b) < 40 {
		return
	}
	w.next(b[6], b[40:])
}

// next walks through IPv6 extension headers (RFC 8200 section 4, RFC 4302 section 2).
func (w *walk) next(proto uint8, b []byte) {
	for {
		name, unit := extensionHeader(proto)
		if name == "" {
			break
		}
		if !w.behind("an IPv6 extension header ("+name+")") || len(b) < 8 {
			return
		}
		n := 8
		switch {
		case proto == 44 && binary.BigEndian.Uint16(b[2:])&0xfff8 != 0:
			w.what = "a later fragment"
			return
		case unit > 0:
			n += unit * int(b[1])
		}
		if len(b) < n {
			return
		}
		proto, b = b[0], b[n:]
	}
	if proto == protoICMPv6 {
		w.icmp("ICMPv6", b, 2, 0)
		return
	}
	w.protocol(proto, b)
}

// extensionHeader returns the name of an IPv6 extension header that can be walked, and
// the unit of its length in bytes, 0 if it has none.
func extensionHeader(proto uint8) (name string, unit int) {
	switch proto {
	case 0:
		return "hop-by-hop options", 8
	case 43:
		return "routing", 8
	case 44:
		return "fragment", 0
	case 51:
		return "authentication", 4
	case 60:
		return "destination options", 8
	case 135:
		return "mobility", 8
	case 139:
		return "HIP", 8
	case 140:
		return "Shim6", 8
	}
	return "", 0
}

func (w *walk) icmp(name string, b []byte, kind, code uint8) {
	if len(b) < 2 {
		w.what = name + " that is cut"
		return
	}
	w.what = fmt.Sprintf("%s type %d code %d", name, b[0], b[1])
	w.ptb = b[0] == kind && b[1] == code
}

// protocol walks through a tunnel.
func (w *walk) protocol(proto uint8, b []byte) {
	switch proto {
	case protoIPv4:
		if w.behind("a tunnel (IPv4 in IP)") {
			w.ipv4(b)
		}
	case protoIPv6:
		if w.behind("a tunnel (IPv6 in IP)") {
			w.ipv6(b)
		}
	case protoGRE:
		w.gre(b)
	case 6:
		w.what = "TCP"
	case 17:
		w.what = "UDP"
	default:
		w.what = fmt.Sprintf("IP protocol %d", proto)
	}
}

// gre walks through a GRE header with its optional fields (RFC 2784, RFC 2890).
func (w *walk) gre(b []byte) {
	if !w.behind("a tunnel (GRE)") || len(b) < 4 {
		return
	}
	n := 4
	for _, flag := range []byte{0x80, 0x20, 0x10} { // checksum, key, sequence number
		if b[0]&flag != 0 {
			n += 4
		}
	}
	if len(b) >= n {
		w.etherType(binary.BigEndian.Uint16(b[2:]), b[n:])
	}
}
