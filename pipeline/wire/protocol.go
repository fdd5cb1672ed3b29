package wire

import "strconv"

// Protocol is the number of a protocol above IP, or of an IPv6 extension header.
type Protocol uint8

// Protocols that somebody here has to know.
const (
	ProtoHopByHop    Protocol = 0
	ProtoICMP        Protocol = 1
	ProtoIPv4        Protocol = 4
	ProtoTCP         Protocol = 6
	ProtoUDP         Protocol = 17
	ProtoDCCP        Protocol = 33
	ProtoIPv6        Protocol = 41
	ProtoRouting     Protocol = 43
	ProtoFragment    Protocol = 44
	ProtoGRE         Protocol = 47
	ProtoESP         Protocol = 50
	ProtoAH          Protocol = 51
	ProtoICMPv6      Protocol = 58
	ProtoNone        Protocol = 59
	ProtoDestination Protocol = 60
	ProtoSCTP        Protocol = 132
	ProtoMobility    Protocol = 135
	ProtoUDPLite     Protocol = 136
	ProtoHIP         Protocol = 139
	ProtoShim6       Protocol = 140
)

var names = [1 << 8]string{
	ProtoICMP: "icmp", ProtoIPv4: "ipip", ProtoTCP: "tcp", ProtoUDP: "udp", ProtoDCCP: "dccp", ProtoIPv6: "ipv6",
	ProtoFragment: "fragment", ProtoGRE: "gre", ProtoESP: "esp", ProtoAH: "ah", ProtoICMPv6: "icmpv6",
	ProtoSCTP: "sctp", ProtoUDPLite: "udplite",
}

// String returns IANA's keyword in lower case, or the number of a protocol that is
// hardly ever quoted.
func (p Protocol) String() string {
	if name := names[p]; name != "" {
		return name
	}
	return strconv.Itoa(int(p))
}

// ProtocolNamed returns the protocol that String calls so.
func ProtocolNamed(name string) (p Protocol, ok bool) {
	for n := range names {
		if p = Protocol(n); p.String() == name {
			return p, true
		}
	}
	return 0, false
}

// ProtocolNames returns the names of all protocols that have one.
func ProtocolNames() (all []string) {
	for _, name := range names {
		if name != "" {
			all = append(all, name)
		}
	}
	return all
}

// HasPorts reports whether the protocol's header begins with a source and a
// destination port.
func (p Protocol) HasPorts() bool {
	switch p {
	case ProtoTCP, ProtoUDP, ProtoDCCP, ProtoSCTP, ProtoUDPLite:
		return true
	}
	return false
}
