// Package length has the filter `length`, which lets messages pass that are long
// enough to be of use to a receiver. As the original daemon does, it takes the bytes
// of the frame for the message, also those behind the IP packet's end. Whether the
// quote lies inside is up to `sane`.
package length

import (
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Reasons to drop a packet.
const (
	TooShort pipeline.Reason = iota + 1 // not ICMP, or less than header, ICMP header and quote
	BadIHL                              // an IPv4 header length below 20 bytes
)

// Shortest messages from the outer IP header on, in bytes: a quoted IP header
// and 8 bytes behind it for IPv4 (RFC 792), 32 bytes of a quote for IPv6.
const (
	minIPv4 = wire.IPv4Len + wire.ICMPLen + wire.IPv4Len + 8
	minIPv6 = wire.IPv6Len + wire.ICMPLen + 32
)

// Settings of the filter: none.
type Settings struct{}

// Plugin returns the filter `length`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "length",
		Summary: "drops messages that are too short to be used, or claim to be",
		Reasons: pipeline.Reasons{
			TooShort: {Name: "too-short", Doc: "the packet is not an ICMP message, or has fewer than 56 bytes (IPv4) or 80 (IPv6) from the IP header on"},
			BadIHL:   {Name: "bad-ihl", Doc: "the IPv4 header length is below 20 bytes"},
		},
		New: func(Settings, pipeline.Env) (pipeline.Filter, error) {
			return new(filter), nil
		},
	})
}

type filter struct{}

func (*filter) Filter(p *pipeline.Packet) pipeline.Reason {
	if p.Network < 0 || p.Tag == linklayer.EtherTypeQinQ {
		return TooShort
	}
	ip := p.Data[p.Network:]
	switch p.EtherType {
	case linklayer.EtherTypeIPv4:
		return checkIPv4(ip)
	case linklayer.EtherTypeIPv6:
		return checkIPv6(ip)
	}
	return TooShort
}

func checkIPv4(ip wire.IPv4) pipeline.Reason {
	if wire.Version(ip) != 4 {
		return TooShort
	}
	header := ip.HeaderLen()
	if header < wire.IPv4Len {
		return BadIHL
	}
	if len(ip) < minIPv4 || ip.Protocol() != wire.ProtoICMP || len(ip) < header+wire.ICMPLen {
		return TooShort
	}
	return pipeline.Pass
}

func checkIPv6(ip wire.IPv6) pipeline.Reason {
	if len(ip) < minIPv6 || wire.Version(ip) != 6 || ip.NextHeader() != wire.ProtoICMPv6 {
		return TooShort
	}
	return pipeline.Pass
}
