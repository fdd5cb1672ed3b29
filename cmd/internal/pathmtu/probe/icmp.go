package probe

import "fmt"

// Types and codes of ICMP errors (RFC 792, RFC 4443).
const (
	unreachable4, exceeded4 = 3, 11
	unreachable6, tooBig6   = 1, 2
	exceeded6               = 3
	portUnreachable4        = 3
	fragmentationNeeded4    = 4
	portUnreachable6        = 4
)

var reasons4 = map[uint8]string{
	0: "network unreachable", 1: "host unreachable", 2: "protocol unreachable", 5: "source route failed",
	6: "network unknown", 7: "host unknown", 9: "network administratively prohibited", 10: "host administratively prohibited",
	13: "communication administratively prohibited",
}

var reasons6 = map[uint8]string{
	0: "no route", 1: "communication administratively prohibited", 2: "beyond scope of source address", 3: "address unreachable",
	5: "source address failed policy", 6: "reject route",
}

// classify4 says what an ICMP error means.
func classify4(typ, code uint8) (kind, string) {
	switch {
	case typ == exceeded4:
		return exceeded, ""
	case typ == unreachable4 && code == fragmentationNeeded4:
		return tooBig, ""
	case typ == unreachable4 && code == portUnreachable4:
		return arrived, ""
	case typ == unreachable4:
		return refused, reason(reasons4, typ, code)
	}
	return refused, reason(nil, typ, code)
}

// classify6 says what an ICMPv6 error means.
func classify6(typ, code uint8) (kind, string) {
	switch {
	case typ == exceeded6:
		return exceeded, ""
	case typ == tooBig6:
		return tooBig, ""
	case typ == unreachable6 && code == portUnreachable6:
		return arrived, ""
	case typ == unreachable6:
		return refused, reason(reasons6, typ, code)
	}
	return refused, reason(nil, typ, code)
}

func reason(known map[uint8]string, typ, code uint8) string {
	if text, ok := known[code]; ok {
		return text
	}
	return fmt.Sprintf("ICMP type %d, code %d", typ, code)
}
