package sane

import (
	"net/netip"

	"github.com/pmtud/pmtud/pipeline"
)

// check is one thing that can be wrong with a message.
type check struct {
	reason pipeline.Reason
	on     bool
	wrong  func(*message) bool
}

// checks returns all checks in their order.
func (s Settings) checks() []check {
	return []check{
		{IPLength, s.IPLength, (*message).lengthsLie},
		{IPChecksum, s.IPChecksum, (*message).ipChecksumIsWrong},
		{Fragment, s.Fragment, func(m *message) bool { return m.inside.isFragment() }},
		{UnspecifiedSource, s.UnspecifiedSource, func(m *message) bool { return isUnspecified(m.src) }},
		{LoopbackSource, s.LoopbackSource, func(m *message) bool { return m.src.IsLoopback() }},
		{MulticastSource, s.MulticastSource, func(m *message) bool { return m.src.IsMulticast() || m.src == allHosts }},
		{OwnSource, s.OwnSource, func(m *message) bool { return m.host.isOwn(m.src) }},
		{MulticastTarget, s.MulticastTarget, func(m *message) bool { return m.dst.IsMulticast() }},
		{BroadcastTarget, s.BroadcastTarget, func(m *message) bool { return m.dst == allHosts || m.host.isBroadcast(m.dst) }},
		{ICMPChecksum, s.ICMPChecksum, (*message).icmpChecksumIsWrong},
		{QuotedVersion, s.QuotedVersion, func(m *message) bool { return len(m.quoted.data) > 0 && m.quoted.version != m.version }},
		{ShortQuote, s.ShortQuote, func(m *message) bool { return m.isPTB && !m.usable && m.quoted.inside.offset == 0 }},
		{QuotedSource, s.QuotedSource, func(m *message) bool { return m.quoted.hasHeader && m.quoted.src != m.dst }},
		{QuotedAddress, s.QuotedAddress, func(m *message) bool { return m.quoted.wasNeverForwarded() }},
		{QuotedMulticast, s.QuotedMulticast, func(m *message) bool { return m.quoted.isIPv4ToMany() }},
		{QuotedMulticastV6, s.QuotedMulticastV6, func(m *message) bool { return m.quoted.version == 6 && m.quoted.dst.IsMulticast() }},
		{QuotedFragment, s.QuotedFragment, func(m *message) bool { return m.quoted.version == 4 && m.quoted.inside.offset > 0 }},
		{QuotedFragmentV6, s.QuotedFragmentV6, func(m *message) bool { return m.quoted.version == 6 && m.quoted.inside.offset > 0 }},
		{QuotedICMPError, s.QuotedICMPError, func(m *message) bool { return m.quoted.isICMPError() }},
		{QuotedICMP, s.QuotedICMP, func(m *message) bool { return m.quoted.isBelievedICMP() }},
		{ZeroMTUv4, s.ZeroMTUv4, func(m *message) bool { return m.version == 4 && m.hasMTU && m.mtu == 0 }},
		{LowMTUv4, s.LowMTUv4, func(m *message) bool { return m.version == 4 && m.mtu > 0 && m.mtu < uint32(s.MinMTUv4) }},
		{LowMTUv6, s.LowMTUv6, func(m *message) bool { return m.version == 6 && m.hasMTU && m.mtu < minMTUv6 }},
		{NotTooBig, s.NotTooBig, (*message).isNotTooBig},
		{InterfaceMTU, s.InterfaceMTU, func(m *message) bool { return m.hasMTU && !m.host.fits(m.mtu) }},
	}
}

// minMTUv6 is the MTU that every IPv6 link has (RFC 8200, section 5).
const minMTUv6 = 1280

var allHosts = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// isUnspecified reports whether addr stands for no host: the octet 0 stands for this
// network (RFC 1122, section 3.2.1.3).
func isUnspecified(addr netip.Addr) bool {
	return addr.IsUnspecified() || addr.Is4() && addr.As4()[0] == 0
}

// lengthsLie reports an IP header that is not what it ought to be by its place, or
// claims other octets than there were on the wire. A PTB needs an ICMP header.
func (m *message) lengthsLie() bool {
	fixed := ipv4MinLen
	switch m.version {
	case 0:
		return false
	case 6:
		fixed = ipv6Len
	}
	if m.misnamed || m.onWire < fixed {
		return true
	}
	if !m.hasHeader {
		return false // the capture was cut
	}
	least := m.header
	if m.isPTB {
		least += icmpLen
	}
	return m.header < fixed || m.length < least || m.length > m.onWire
}

func (m *message) ipChecksumIsWrong() bool {
	if m.version != 4 || m.header < ipv4MinLen || len(m.ip) < m.header {
		return false
	}
	return !isRight(sum(0, m.ip[:m.header]))
}

// icmpChecksumIsWrong reports a wrong checksum of a PTB that is there as a whole.
func (m *message) icmpChecksumIsWrong() bool {
	if !m.isPTB || m.inside.isFragment() || len(m.ip) < m.length || m.length < m.header+icmpLen {
		return false
	}
	total := uint64(0)
	if m.version == 6 {
		total = pseudoHeader(m.ip[8:ipv6Len], m.length-m.header)
	}
	return !isRight(sum(total, m.ip[m.header:]))
}

func (q *quoted) isIPv4ToMany() bool {
	return q.version == 4 && (q.dst.IsMulticast() || q.dst == allHosts)
}

// wasNeverForwarded reports a quoted packet that no router forwards, so that none had
// reason to complain.
func (q *quoted) wasNeverForwarded() bool {
	return q.hasHeader && (isOfOneHost(q.src) || isOfOneHost(q.dst) || q.src.IsMulticast() || q.src == allHosts)
}

// isOfOneHost reports an address that means nothing beyond a host or, in IPv6, a link.
// IPv4's 169.254.0.0/16 is left out, as networks do forward it.
func isOfOneHost(addr netip.Addr) bool {
	return isUnspecified(addr) || addr.IsLoopback() || addr.Is6() && addr.IsLinkLocalUnicast()
}

// isBelievedICMP reports a quoted packet for which receivers take the message without
// looking for a socket: Linux an echo reply (icmp_err in net/ipv4/icmp.c) and all of
// ICMPv6 (icmpv6_err in net/ipv6/icmp.c).
func (q *quoted) isBelievedICMP() bool {
	in := q.inside
	if !q.hasHeader || in.offset > 0 {
		return false
	}
	if q.version == 6 {
		return in.proto == protoICMPv6
	}
	return in.proto == protoICMP && in.at < len(q.data) && q.data[in.at] == icmpEchoReply
}

func (q *quoted) isICMPError() bool { return q.hasHeader && q.inside.isICMPError(q.version, q.data) }

// isNotTooBig reports a message about a packet that the next hop would have taken. A
// length of 0 tells nothing (a jumbogram, or one larger than the field), nor does one
// below the octets that are quoted.
func (m *message) isNotTooBig() bool {
	q := &m.quoted
	switch {
	case !m.hasMTU || !q.hasHeader:
		return false
	case m.version == 6 && m.mtu <= minMTUv6:
		return false // RFC 7915, section 4.2, has translators raise what is below
	case q.version == 6 && q.length == ipv6Len || q.length < m.length-m.header-icmpLen:
		return false
	}
	return uint32(q.length) <= m.mtu
}
