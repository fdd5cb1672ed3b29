package sane

import (
	"net/netip"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// check is one thing that can be wrong with a message.
type check struct {
	reason    pipeline.Reason
	on        *bool // its setting
	name, doc string
	wrong     func(*message) bool
}

// checks returns all checks in their order, with their switches in s.
func (s *Settings) checks() []check {
	return []check{
		{
			IPLength, &s.IPLength, "ip-length", "the IP header names another version, or lengths that don't fit the bytes on the wire",
			(*message).lengthsLie,
		},
		{
			IPChecksum, &s.IPChecksum, "ip-checksum", "the IPv4 header checksum is wrong",
			(*message).ipChecksumIsWrong,
		},
		{
			Fragment, &s.Fragment, "fragment", "the packet is a fragment",
			func(m *message) bool { return m.inside.IsFragment() },
		},
		{
			UnspecifiedSource, &s.UnspecifiedSource, "unspecified-source", "the source is in 0.0.0.0/8 or is ::",
			func(m *message) bool { return isUnspecified(m.src) },
		},
		{
			LoopbackSource, &s.LoopbackSource, "loopback-source", "the source is in 127.0.0.0/8 or is ::1",
			func(m *message) bool { return m.src.IsLoopback() },
		},
		{
			MulticastSource, &s.MulticastSource, "multicast-source", "the source is a multicast or broadcast address",
			func(m *message) bool { return m.src.IsMulticast() || m.src == allHosts },
		},
		{
			OwnSource, &s.OwnSource, "own-source", "the source is an address of this host",
			func(m *message) bool { return m.host.isOwn(m.src) },
		},
		{
			MulticastTarget, &s.MulticastTarget, "multicast-target", "the target is a multicast address",
			func(m *message) bool { return m.dst.IsMulticast() },
		},
		{
			BroadcastTarget, &s.BroadcastTarget, "broadcast-target", "the target is a broadcast address",
			func(m *message) bool { return m.dst == allHosts || m.host.isBroadcast(m.dst) },
		},
		{
			ICMPChecksum, &s.ICMPChecksum, "icmp-checksum", "the ICMP checksum is wrong",
			(*message).icmpChecksumIsWrong,
		},
		{
			QuotedVersion, &s.QuotedVersion, "quoted-version", "the quoted packet is of the other IP version",
			func(m *message) bool { return len(m.quoted.data) > 0 && m.quoted.version != m.version },
		},
		{
			ShortQuote, &s.ShortQuote, "short-quote", "less than the IP headers and the next 8 bytes is quoted inside the IP packet",
			func(m *message) bool { return m.isPTB && !m.usable && m.quoted.inside.FragmentOffset == 0 },
		},
		{
			QuotedSource, &s.QuotedSource, "quoted-source", "the quoted packet's source is not the message's target",
			func(m *message) bool { return m.quoted.hasHeader && m.quoted.src != m.dst },
		},
		{
			QuotedAddress, &s.QuotedAddress, "quoted-address", "no router forwards packets with the quoted source or destination",
			func(m *message) bool { return m.quoted.wasNeverForwarded() },
		},
		{
			QuotedMulticast, &s.QuotedMulticast, "quoted-multicast", "the quoted IPv4 packet was sent to a multicast or broadcast address",
			func(m *message) bool { return m.quoted.isIPv4ToMany() },
		},
		{
			QuotedMulticastV6, &s.QuotedMulticastV6, "quoted-multicast-v6", "the quoted IPv6 packet was sent to a multicast address",
			func(m *message) bool { return m.quoted.version == 6 && m.quoted.dst.IsMulticast() },
		},
		{
			QuotedFragment, &s.QuotedFragment, "quoted-fragment", "the quoted IPv4 packet is a fragment other than the first",
			func(m *message) bool { return m.quoted.version == 4 && m.quoted.inside.FragmentOffset > 0 },
		},
		{
			QuotedFragmentV6, &s.QuotedFragmentV6, "quoted-fragment-v6", "the quoted IPv6 packet is a fragment other than the first",
			func(m *message) bool { return m.quoted.version == 6 && m.quoted.inside.FragmentOffset > 0 },
		},
		{
			QuotedICMPError, &s.QuotedICMPError, "quoted-icmp-error", "the quoted packet is an ICMP error or redirect",
			func(m *message) bool { return m.quoted.isICMPError() },
		},
		{
			QuotedICMP, &s.QuotedICMP, "quoted-icmp", "the quoted packet is an ICMP echo reply or an ICMPv6 message",
			func(m *message) bool { return m.quoted.isBelievedICMP() },
		},
		{
			ZeroMTUv4, &s.ZeroMTUv4, "zero-mtu-v4", "the next-hop MTU of an IPv4 message is 0",
			func(m *message) bool { return m.version == 4 && m.hasMTU && m.mtu == 0 },
		},
		{
			LowMTUv4, &s.LowMTUv4, "low-mtu-v4", "the next-hop MTU of an IPv4 message is below min_mtu_v4, but not 0",
			func(m *message) bool { return m.version == 4 && m.mtu > 0 && m.mtu < uint32(s.MinMTUv4) },
		},
		{
			LowMTUv6, &s.LowMTUv6, "low-mtu-v6", "the next-hop MTU of an IPv6 message is below 1280",
			func(m *message) bool { return m.version == 6 && m.hasMTU && m.mtu < minMTUv6 },
		},
		{
			NotTooBig, &s.NotTooBig, "not-too-big", "the quoted packet is not longer than the next-hop MTU",
			(*message).isNotTooBig,
		},
		{
			InterfaceMTU, &s.InterfaceMTU, "interface-mtu", "the next-hop MTU is not below the sending interface's MTU",
			func(m *message) bool { return m.hasMTU && !m.host.fits(m.mtu) },
		},
	}
}

func reasons() pipeline.Reasons {
	all := pipeline.Reasons{}
	for _, c := range new(Settings).checks() {
		all[c.reason] = pipeline.ReasonInfo{Name: c.name, Doc: c.doc}
	}
	return all
}

// defaults has all checks on but for those that genuine messages fail: see the package.
func defaults() Settings {
	s := Settings{MinMTUv4: 552}
	for _, c := range s.checks() {
		*c.on = true
	}
	s.QuotedSource, s.QuotedMulticastV6, s.ZeroMTUv4 = false, false, false
	return s
}

// minMTUv6 is the MTU that every IPv6 link has (RFC 8200, section 5).
const minMTUv6 = 1280

var allHosts = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// isUnspecified reports whether addr stands for no host: the byte 0 stands for this
// network (RFC 1122, section 3.2.1.3).
func isUnspecified(addr netip.Addr) bool {
	return addr.IsUnspecified() || addr.Is4() && addr.As4()[0] == 0
}

// lengthsLie reports an IP header that is not what it ought to be by its place, or
// claims other bytes than there were on the wire. A PTB needs an ICMP header.
func (m *message) lengthsLie() bool {
	fixed := wire.IPv4Len
	switch m.version {
	case 0:
		return false
	case 6:
		fixed = wire.IPv6Len
	}
	if m.misnamed || m.onWire < fixed {
		return true
	}
	if !m.hasHeader {
		return false // the capture was cut
	}
	least := m.header
	if m.isPTB {
		least += wire.ICMPLen
	}
	return m.header < fixed || m.length < least || m.length > m.onWire
}

func (m *message) ipChecksumIsWrong() bool {
	if m.version != 4 || m.header < wire.IPv4Len || len(m.ip) < m.header {
		return false
	}
	return wire.Checksum(wire.Sum(0, m.ip[:m.header])) != 0
}

// icmpChecksumIsWrong reports a wrong checksum of a PTB that is there as a whole.
func (m *message) icmpChecksumIsWrong() bool {
	if !m.isPTB || m.inside.IsFragment() || len(m.ip) < m.length || m.length < m.header+wire.ICMPLen {
		return false
	}
	return wire.Checksum(wire.NewIP(m.version, m.ip).ICMPSum(m.ip[m.header:])) != 0
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

// isNotTooBig reports a message about a packet that the next hop would have taken. A
// length of 0 says nothing (a jumbogram, or one larger than the field), nor does one
// below the bytes that are quoted.
func (m *message) isNotTooBig() bool {
	q := &m.quoted
	switch {
	case !m.hasMTU || !q.hasHeader:
		return false
	case m.version == 6 && m.mtu <= minMTUv6:
		return false // RFC 7915, section 4.2, has translators raise what is below
	case q.version == 6 && q.length == wire.IPv6Len || q.length < m.length-m.header-wire.ICMPLen:
		return false
	}
	return uint32(q.length) <= m.mtu
}
