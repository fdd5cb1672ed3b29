package sane

import (
	"log/slog"
	"sync/atomic"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/hostnet"
)

// Reasons to drop a packet, in the order of the checks: the first that finds
// something wrong gives the reason.
const (
	IPLength pipeline.Reason = iota + 1
	IPChecksum
	Fragment
	UnspecifiedSource
	LoopbackSource
	MulticastSource
	OwnSource
	MulticastTarget
	BroadcastTarget
	ICMPChecksum
	QuotedVersion
	ShortQuote
	QuotedSource
	QuotedAddress
	QuotedMulticast
	QuotedMulticastV6
	QuotedFragment
	QuotedFragmentV6
	QuotedICMPError
	QuotedICMP
	ZeroMTUv4
	LowMTUv4
	LowMTUv6
	NotTooBig
	InterfaceMTU
)

// Settings of the filter: a switch for each check, called like its reason.
type Settings struct {
	IPLength          bool `setting:"ip_length" example:"false" doc:"drop packets whose IP header names another version, or lengths that don't fit the bytes on the wire"`
	IPChecksum        bool `setting:"ip_checksum" example:"false" doc:"drop packets whose IPv4 header checksum is wrong"`
	Fragment          bool `setting:"fragment" example:"false" doc:"drop fragments of IP packets"`
	UnspecifiedSource bool `setting:"unspecified_source" example:"false" doc:"drop packets from 0.0.0.0/8 or ::"`
	LoopbackSource    bool `setting:"loopback_source" example:"false" doc:"drop packets from 127.0.0.0/8 or ::1"`
	MulticastSource   bool `setting:"multicast_source" example:"false" doc:"drop packets from a multicast or broadcast address"`
	OwnSource         bool `setting:"own_source" example:"false" doc:"drop packets from an address of this host, which is not known in a replay"`
	MulticastTarget   bool `setting:"multicast_target" example:"false" doc:"drop packets to a multicast address"`
	BroadcastTarget   bool `setting:"broadcast_target" example:"false" doc:"drop packets to 255.255.255.255 or the broadcast address of a network of this host, which is not known in a replay"`
	ICMPChecksum      bool `setting:"icmp_checksum" example:"false" doc:"drop messages whose ICMP checksum is wrong"`
	QuotedVersion     bool `setting:"quoted_version" example:"false" doc:"drop messages about a packet of the other IP version"`
	ShortQuote        bool `setting:"short_quote" example:"false" doc:"drop messages that quote less than a receiver needs: the IP headers and the next 8 bytes, inside the IP packet"`
	QuotedSource      bool `setting:"quoted_source" example:"false" doc:"drop messages about a packet whose source is not the message's target"`
	QuotedAddress     bool `setting:"quoted_address" example:"false" doc:"drop messages about a packet that no router forwards: its source or destination is unspecified, loopback or IPv6 link-local, or its source is multicast or broadcast"`
	QuotedMulticast   bool `setting:"quoted_multicast" example:"false" doc:"drop messages about an IPv4 packet to a multicast or broadcast address"`
	QuotedMulticastV6 bool `setting:"quoted_multicast_v6" example:"false" doc:"drop messages about an IPv6 packet to a multicast address"`
	QuotedFragment    bool `setting:"quoted_fragment" example:"false" doc:"drop messages about an IPv4 fragment other than the first"`
	QuotedFragmentV6  bool `setting:"quoted_fragment_v6" example:"false" doc:"drop messages about an IPv6 fragment other than the first"`
	QuotedICMPError   bool `setting:"quoted_icmp_error" example:"false" doc:"drop messages about an ICMP error or redirect"`
	QuotedICMP        bool `setting:"quoted_icmp" example:"false" doc:"drop messages about an ICMP echo reply or any ICMPv6 message, which receivers believe without proof"`
	ZeroMTUv4         bool `setting:"zero_mtu_v4" example:"false" doc:"drop IPv4 messages whose next-hop MTU is 0 (unknown)"`
	LowMTUv4          bool `setting:"low_mtu_v4" example:"false" doc:"drop IPv4 messages whose next-hop MTU is below min_mtu_v4, but not 0"`
	LowMTUv6          bool `setting:"low_mtu_v6" example:"false" doc:"drop IPv6 messages whose next-hop MTU is below 1280"`
	NotTooBig         bool `setting:"not_too_big" example:"false" doc:"drop messages about a packet that is not longer than the next-hop MTU"`
	InterfaceMTU      bool `setting:"interface_mtu" example:"false" doc:"drop messages whose next-hop MTU is not below the MTU of interface, if that is set; not known in a replay"`

	MinMTUv4  uint16 `setting:"min_mtu_v4" example:"552" doc:"lowest IPv4 next-hop MTU that low_mtu_v4 passes, in bytes" min:"68" max:"65535"`
	Interface string `setting:"interface" doc:"interface that this host, and every other receiver, sends its own packets on" example:"eth0"`
}

// Plugin returns the filter `sane`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:     "sane",
		Summary:  "drops messages that no router sends or no receiver believes",
		Reasons:  reasons(),
		Defaults: defaults(),
		New:      New,
	})
}

// New returns the filter.
func New(s Settings, env pipeline.Env) (pipeline.Filter, error) {
	f := &filter{settings: s, log: env.Log}
	for _, c := range s.checks() {
		f.on.add(c.reason, *c.on)
	}
	return f, nil
}

type filter struct {
	settings Settings
	on       faults // that count
	log      *slog.Logger

	host    atomic.Pointer[host] // nil until the filter is opened
	watcher *hostnet.Watcher
}

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	m := message{host: f.host.Load()}
	m.read(p)
	return (m.faults(&f.settings) & f.on).first()
}
