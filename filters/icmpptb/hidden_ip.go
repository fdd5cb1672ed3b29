package icmpptb

import (
	"encoding/binary"
	"fmt"

	"github.com/pmtud/pmtud/pipeline/wire"
)

func (w *walk) ipv4(b []byte) {
	ip := wire.NewIP(4, b)
	in := ip.Payload()
	switch {
	case ip.Version == 0:
		w.what = "an IPv4 packet that is cut"
	case in.Offset < wire.IPv4Len:
		w.what = fmt.Sprintf("an IPv4 header of %d bytes", in.Offset)
	case in.Protocol == wire.ProtoICMP && in.FragmentOffset > 0:
		w.what = "a later fragment of an ICMPv4 message"
	case len(b) < in.Offset:
		w.what = "an IPv4 packet that is cut"
	case in.Protocol == wire.ProtoICMP:
		w.icmp("ICMPv4", b[in.Offset:], 3, 4)
	default:
		w.protocol(in.Protocol, b[in.Offset:])
	}
}

func (w *walk) ipv6(b []byte) {
	w.what = "an IPv6 packet that is cut"
	if ip := wire.NewIP(6, b); ip.Version != 0 {
		w.next(ip.Protocol(), b[wire.IPv6Len:])
	}
}

// extensions are the names of the IPv6 extension headers that can be walked.
var extensions = map[wire.Protocol]string{
	wire.ProtoHopByHop:    "hop-by-hop options",
	wire.ProtoRouting:     "routing",
	wire.ProtoFragment:    "fragment",
	wire.ProtoAH:          "authentication",
	wire.ProtoDestination: "destination options",
	wire.ProtoMobility:    "mobility",
	wire.ProtoHIP:         "HIP",
	wire.ProtoShim6:       "Shim6",
}

// next walks through IPv6 extension headers.
func (w *walk) next(proto wire.Protocol, b []byte) {
	for extensions[proto] != "" {
		if !w.behind("an IPv6 extension header ("+extensions[proto]+")") || len(b) < wire.MinExtensionLen {
			return
		}
		if proto == wire.ProtoFragment {
			if offset, _ := wire.Fragment(b); offset > 0 {
				w.what = "a later fragment"
				return
			}
		}
		n := wire.ExtensionLen(proto, b)
		if len(b) < n {
			return
		}
		proto, b = wire.Protocol(b[0]), b[n:]
	}
	if proto == wire.ProtoICMPv6 {
		w.icmp("ICMPv6", b, 2, 0)
		return
	}
	w.protocol(proto, b)
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
func (w *walk) protocol(proto wire.Protocol, b []byte) {
	switch proto {
	case wire.ProtoIPv4:
		if w.behind("a tunnel (IPv4 in IP)") {
			w.ipv4(b)
		}
	case wire.ProtoIPv6:
		if w.behind("a tunnel (IPv6 in IP)") {
			w.ipv6(b)
		}
	case wire.ProtoGRE:
		w.gre(b)
	case wire.ProtoTCP:
		w.what = "TCP"
	case wire.ProtoUDP:
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
