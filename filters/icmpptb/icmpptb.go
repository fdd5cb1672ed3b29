// Package icmpptb has the filter `icmp-ptb`, which lets only packet-too-big
// messages pass: ICMPv4 type 3 code 4 and ICMPv6 type 2 code 0, as a whole, and
// not those that the link layer sent to all hosts or a group of them, since each of
// these has it already.
//
// A message is looked for where the kernel filter of the original daemon looks:
// behind one VLAN tag at most, and right behind the IP header. Left out are messages
// behind a second VLAN tag, MPLS, PPPoE, an 802.3 header, a tunnel (IPv4 or IPv6 in IP,
// GRE) or an IPv6 extension header, and ICMPv6 messages of another code than 0.
// Explain says if there is one.
package icmpptb

import (
	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Reasons to drop a packet.
const (
	NotPTB    pipeline.Reason = iota + 1 // any other packet
	Broadcast                            // already sent to several hosts of the link
	Truncated                            // the capture lacks bytes of it
	Injected                             // pmtud put it into the host's network stack
	LinkType                             // its link type is not decoded, so what it is remains unknown
)

// minLen is the shortest message that is looked at, in bytes behind the
// link-layer header: an IPv4 header, an ICMP header and eight bytes of a quote
// (RFC 792). A VLAN tag counts, as the original daemon has it.
const minLen = wire.IPv4Len + wire.ICMPLen + 8

// Settings of the filter: none.
type Settings struct{}

// Plugin returns the filter `icmp-ptb`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "icmp-ptb",
		Summary: "passes only ICMP packet-too-big messages, and not their copies",
		Reasons: pipeline.Reasons{
			NotPTB:    {Name: "not-ptb", Doc: "the packet is not a PTB, or is one behind a second VLAN tag, MPLS, PPPoE, 802.3, a tunnel or an IPv6 extension header"},
			Broadcast: {Name: "broadcast", Doc: "the frame was sent to a broadcast or multicast address, as copies are"},
			Truncated: {Name: "truncated", Doc: "only the beginning of the packet was captured"},
			Injected:  {Name: "injected", Doc: "pmtud itself injected it into this host's network stack"},
			LinkType:  {Name: "link-type", Doc: "packets of this link type are not decoded"},
		},
		New: func(_ Settings, env pipeline.Env) (pipeline.Filter, error) {
			return &filter{canaries: env.Canaries}, nil
		},
	})
}

type filter struct {
	canaries bool // broadcast ones must reach the engine
}

func (*filter) Filter(p *pipeline.Packet) pipeline.Reason {
	switch {
	case p.PTB == 0 && !p.LinkType.Decoded():
		return LinkType
	case p.PTB == 0 || behindLink(p) < minLen:
		return NotPTB
	case p.Injected():
		return Injected
	case p.Broadcast():
		return Broadcast
	case p.Truncated():
		return Truncated
	}
	return pipeline.Pass
}

func behindLink(p *pipeline.Packet) int {
	if p.Tag != 0 {
		return p.Length - p.Network + wire.VLANTagLen
	}
	return p.Length - p.Network
}

func (f *filter) KernelFilter(link linklayer.Type, snaplen uint32) []bpf.Instruction {
	return kernelFilter(link, snaplen, f.canaries)
}
