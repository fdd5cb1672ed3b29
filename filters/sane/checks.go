package sane

import (
	"math/bits"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// check is one thing that can be wrong with a message.
type check struct {
	reason    pipeline.Reason
	on        *bool // its setting
	name, doc string
}

// checks returns all checks in the order of their reasons, with their switches in s.
func (s *Settings) checks() []check {
	return []check{
		{IPLength, &s.IPLength, "ip-length", "the IP header names another version, or lengths that don't fit the bytes on the wire"},
		{IPChecksum, &s.IPChecksum, "ip-checksum", "the IPv4 header checksum is wrong"},
		{Fragment, &s.Fragment, "fragment", "the packet is a fragment"},
		{UnspecifiedSource, &s.UnspecifiedSource, "unspecified-source", "the source is in 0.0.0.0/8 or is ::"},
		{LoopbackSource, &s.LoopbackSource, "loopback-source", "the source is in 127.0.0.0/8 or is ::1"},
		{MulticastSource, &s.MulticastSource, "multicast-source", "the source is a multicast or broadcast address"},
		{OwnSource, &s.OwnSource, "own-source", "the source is an address of this host"},
		{MulticastTarget, &s.MulticastTarget, "multicast-target", "the target is a multicast address"},
		{BroadcastTarget, &s.BroadcastTarget, "broadcast-target", "the target is a broadcast address"},
		{ICMPChecksum, &s.ICMPChecksum, "icmp-checksum", "the ICMP checksum is wrong"},
		{QuotedVersion, &s.QuotedVersion, "quoted-version", "the quoted packet is of the other IP version"},
		{ShortQuote, &s.ShortQuote, "short-quote", "less than the IP headers and the next 8 bytes is quoted inside the IP packet"},
		{QuotedSource, &s.QuotedSource, "quoted-source", "the quoted packet's source is not the message's target"},
		{QuotedAddress, &s.QuotedAddress, "quoted-address", "no router forwards packets with the quoted source or destination"},
		{QuotedMulticast, &s.QuotedMulticast, "quoted-multicast", "the quoted IPv4 packet was sent to a multicast or broadcast address"},
		{QuotedMulticastV6, &s.QuotedMulticastV6, "quoted-multicast-v6", "the quoted IPv6 packet was sent to a multicast address"},
		{QuotedFragment, &s.QuotedFragment, "quoted-fragment", "the quoted IPv4 packet is a fragment other than the first"},
		{QuotedFragmentV6, &s.QuotedFragmentV6, "quoted-fragment-v6", "the quoted IPv6 packet is a fragment other than the first"},
		{QuotedICMPError, &s.QuotedICMPError, "quoted-icmp-error", "the quoted packet is an ICMP error or redirect"},
		{QuotedICMP, &s.QuotedICMP, "quoted-icmp", "the quoted packet is an ICMP echo reply or an ICMPv6 message"},
		{ZeroMTUv4, &s.ZeroMTUv4, "zero-mtu-v4", "the next-hop MTU of an IPv4 message is 0"},
		{LowMTUv4, &s.LowMTUv4, "low-mtu-v4", "the next-hop MTU of an IPv4 message is below min_mtu_v4, but not 0"},
		{LowMTUv6, &s.LowMTUv6, "low-mtu-v6", "the next-hop MTU of an IPv6 message is below 1280"},
		{NotTooBig, &s.NotTooBig, "not-too-big", "the quoted packet is not longer than the next-hop MTU"},
		{InterfaceMTU, &s.InterfaceMTU, "interface-mtu", "the next-hop MTU is not below the sending interface's MTU"},
	}
}

// faults is a set of reasons: what is wrong with a message.
type faults uint32

func (f *faults) add(reason pipeline.Reason, wrong bool) {
	if wrong {
		*f |= 1 << reason
	}
}

func (f faults) has(reason pipeline.Reason) bool { return f&(1<<reason) != 0 }

// first returns the first reason in the set, [pipeline.Pass] if it is empty.
func (f faults) first() pipeline.Reason {
	if f == 0 {
		return pipeline.Pass
	}
	return pipeline.Reason(bits.TrailingZeros32(uint32(f)))
}

// faults makes all checks.
func (m *message) faults(s *Settings) (f faults) {
	f.add(IPLength, m.lengthsLie())
	f.add(IPChecksum, m.ipChecksumIsWrong())
	f.add(Fragment, m.inside.IsFragment())
	f.add(UnspecifiedSource, m.srcKind&unspecified != 0)
	f.add(LoopbackSource, m.srcKind&loopback != 0)
	f.add(MulticastSource, m.srcKind&(multicast|allHosts) != 0)
	f.add(OwnSource, m.host.isOwn(m.src))
	f.add(MulticastTarget, m.dstKind&multicast != 0)
	f.add(BroadcastTarget, m.dstKind&allHosts != 0 || m.host.isBroadcast(m.dst))
	f.add(ICMPChecksum, m.icmpChecksumIsWrong())
	f.add(QuotedVersion, len(m.quoted.data) > 0 && m.quoted.version != m.version)
	f.add(ShortQuote, m.isPTB && !m.usable && m.quoted.inside.FragmentOffset == 0)
	f.add(QuotedSource, m.quoted.hasHeader && m.quoted.src != m.dst)
	f.add(QuotedAddress, m.quoted.wasNeverForwarded())
	f.add(QuotedMulticast, m.quoted.isIPv4ToMany())
	f.add(QuotedMulticastV6, m.quoted.version == 6 && m.quoted.dstKind&multicast != 0)
	f.add(QuotedFragment, m.quoted.version == 4 && m.quoted.inside.FragmentOffset > 0)
	f.add(QuotedFragmentV6, m.quoted.version == 6 && m.quoted.inside.FragmentOffset > 0)
	f.add(QuotedICMPError, m.quoted.isICMPError())
	f.add(QuotedICMP, m.quoted.isBelievedICMP())
	f.add(ZeroMTUv4, m.version == 4 && m.hasMTU && m.mtu == 0)
	f.add(LowMTUv4, m.version == 4 && m.mtu > 0 && m.mtu < uint32(s.MinMTUv4))
	f.add(LowMTUv6, m.version == 6 && m.hasMTU && m.mtu < minMTUv6)
	f.add(NotTooBig, m.isNotTooBig())
	f.add(InterfaceMTU, m.hasMTU && !m.host.fits(m.mtu))
	return f
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
	return q.version == 4 && q.dstKind&(multicast|allHosts) != 0
}

// wasNeverForwarded reports a quoted packet that no router forwards, so that none had
// reason to complain: an address means nothing beyond a host or a link, or the source is
// several hosts.
func (q *quoted) wasNeverForwarded() bool {
	const ofOneHost = unspecified | loopback | linkLocal
	return q.srcKind&(ofOneHost|multicast|allHosts) != 0 || q.dstKind&ofOneHost != 0
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
