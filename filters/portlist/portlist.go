// Package portlist has the filter `port-list`, which lets messages pass that are
// about a connection of the listed ports: the quoted packet's source port is the
// service's own.
//
// # Protocols
//
// A port may name its protocol, as in "443/udp", and a protocol may stand for all of
// its ports: "tcp". A number alone is the port of every protocol that has ports. The
// port is read behind the quoted headers, IPv6 extension headers too, and inside the
// IP packet. Quoted packets without ports (ICMP, ESP, later fragments) do not pass.
//
// That matters for safety: a kernel believes a forged message about TCP only if it
// quotes a sequence number in the window, and one about ICMP echo or UDP without any
// proof. See the threat model of the filter `sane`.
//
// # As the original daemon does
//
// With ignore_protocol the port is read where the original daemon reads it: behind the
// quoted IPv4 header, of whatever length it claims, or 40 bytes into a quoted IPv6
// packet. It looks at no protocol and no fragment offset, and takes padding behind the
// IP packet's end for a part of it.
package portlist

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Reasons to drop a packet.
const (
	PayloadTooShort   pipeline.Reason = iota + 1 // nothing is quoted
	BadInnerVersion                              // the quote is neither IPv4 nor IPv6
	L4TooShort                                   // the quote has no source port
	PortNotListed                                // of the quoted protocol
	ProtocolNotListed                            // with any port
)

// Settings of the filter.
type Settings struct {
	Ports          []Range `setting:"ports" required:"true" pattern:"^([0-9]+(-[0-9]+)?(/(tcp|udp|sctp|dccp|udplite))?|tcp|udp|sctp|dccp|udplite)$" example:"tcp,443/udp,8000-8080" doc:"quoted source ports to pass: numbers, ranges such as \"8000-8080\", either with a protocol as in \"443/udp\", and protocols such as \"tcp\" for all of their ports"`
	IgnoreProtocol bool    `setting:"ignore_protocol" example:"true" doc:"read the port as the C daemon does: whatever the quoted protocol is, and also beyond the end of the IP packet; forged messages pass more easily"`
}

// Plugin returns the filter `port-list`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "port-list",
		Summary: "drops messages about packets of other protocols or source ports",
		Reasons: pipeline.Reasons{
			PayloadTooShort:   {Name: "payload-too-short", Doc: "nothing follows the ICMP header"},
			BadInnerVersion:   {Name: "bad-inner-version", Doc: "the quoted packet is neither IPv4 nor IPv6"},
			L4TooShort:        {Name: "l4-too-short", Doc: "the quote ends before the source port, or is a later fragment"},
			PortNotListed:     {Name: "port-not-listed", Doc: "the quoted source port is not on the list"},
			ProtocolNotListed: {Name: "protocol-not-listed", Doc: "the list has no port of the quoted protocol"},
		},
		New: New,
	})
}

// New returns the filter.
func New(s Settings, _ pipeline.Env) (pipeline.Filter, error) {
	if s.IgnoreProtocol {
		return newOriginal(s.Ports)
	}
	return newFilter(s.Ports), nil
}

// filter holds the ports of each protocol that is on the list.
type filter [1 << 8]*ports

func newFilter(list []Range) *filter {
	f := new(filter)
	for _, r := range list {
		for _, proto := range r.protocols() {
			if f[proto] == nil {
				f[proto] = new(ports)
			}
			f[proto].add(r)
		}
	}
	return f
}

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	quote := p.Quote()
	ip := wire.ParseIP(quote)
	if ip.Version == 0 {
		return noHeader(quote)
	}
	in := ip.Payload()
	listed := f[in.Protocol]
	if listed == nil {
		return ProtocolNotListed
	}
	port, _, ok := ip.Ports(in)
	if !ok {
		return L4TooShort
	}
	p.ReadPort = int32(port)
	if !listed.has(port) {
		return PortNotListed
	}
	return pipeline.Pass
}

// noHeader returns why a quote has no whole IP header.
func noHeader(quote []byte) pipeline.Reason {
	if len(quote) == 0 {
		return PayloadTooShort
	}
	if version := wire.Version(quote); version != 4 && version != 6 {
		return BadInnerVersion
	}
	return L4TooShort
}

// original is the filter as the original daemon has it.
type original struct{ ports }

func newOriginal(list []Range) (*original, error) {
	f := new(original)
	for _, r := range list {
		if r.Protocol != 0 {
			return nil, setting.Errorf("ports", "%v names a protocol, which ignore_protocol ignores; leave out one of them", r)
		}
		f.add(r)
	}
	return f, nil
}

func (f *original) Filter(p *pipeline.Packet) pipeline.Reason {
	port, reason := readPort(behindICMP(p))
	if reason != pipeline.Pass {
		return reason
	}
	p.ReadPort = int32(port)
	if !f.has(port) {
		return PortNotListed
	}
	return pipeline.Pass
}

// behindICMP returns what follows a PTB's ICMP header to the end of the frame.
func behindICMP(p *pipeline.Packet) []byte {
	if p.PTB == 0 || len(p.Data) < p.ICMP+wire.ICMPLen {
		return nil
	}
	return p.Data[p.ICMP+wire.ICMPLen:]
}

// readPort reads the source port in a quoted packet, or says why it can't.
func readPort(quote []byte) (port uint16, why pipeline.Reason) {
	if len(quote) == 0 {
		return 0, PayloadTooShort
	}
	at, ok := wire.HeaderLen(wire.Version(quote), quote)
	if !ok {
		return 0, BadInnerVersion
	}
	if len(quote) < at+2 {
		return 0, L4TooShort
	}
	return binary.BigEndian.Uint16(quote[at:]), pipeline.Pass
}

// ports is a set, a bit for each.
type ports [1 << 16 / 64]uint64

func (s *ports) add(r Range) {
	for port := int(r.First); port <= int(r.Last); port++ {
		s[port/64] |= 1 << (port % 64)
	}
}

func (s *ports) has(port uint16) bool { return s[port/64]&(1<<(port%64)) != 0 }
