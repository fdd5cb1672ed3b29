package sane

import "github.com/pmtud/pmtud/pipeline/wire"

// Types of ICMP (RFC 792) and ICMPv6 messages (RFC 4443, RFC 4861).
const (
	icmpEchoReply    = 0
	icmpUnreachable  = 3
	icmpQuench       = 4
	icmpRedirect     = 5
	icmpTimeExceeded = 11
	icmpParameter    = 12
	icmpv6MinInfo    = 128 // the first type that is no error (RFC 4443, section 2.1)
	icmpv6Redirect   = 137
)

// isICMPError reports whether the quoted packet is an ICMP error or a redirect, which
// no other ICMP error may answer (RFC 1122, section 3.2.2; RFC 4443, section 2.4).
func (q *quoted) isICMPError() bool {
	in := q.inside
	if !q.hasHeader || in.FragmentOffset > 0 || in.Offset >= len(q.data) {
		return false
	}
	kind := q.data[in.Offset]
	switch {
	case q.version == 6:
		return in.Protocol == wire.ProtoICMPv6 && (kind < icmpv6MinInfo || kind == icmpv6Redirect)
	case in.Protocol != wire.ProtoICMP:
		return false
	}
	switch kind {
	case icmpUnreachable, icmpQuench, icmpRedirect, icmpTimeExceeded, icmpParameter:
		return true
	}
	return false
}

// isBelievedICMP reports a quoted packet for which receivers take the message without
// looking for a socket: Linux an echo reply (icmp_err in net/ipv4/icmp.c) and all of
// ICMPv6 (icmpv6_err in net/ipv6/icmp.c).
func (q *quoted) isBelievedICMP() bool {
	in := q.inside
	if !q.hasHeader || in.FragmentOffset > 0 {
		return false
	}
	if q.version == 6 {
		return in.Protocol == wire.ProtoICMPv6
	}
	return in.Protocol == wire.ProtoICMP && in.Offset < len(q.data) && q.data[in.Offset] == icmpEchoReply
}
