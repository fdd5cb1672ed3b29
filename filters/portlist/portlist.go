// Package portlist has the filter `port-list`, which lets messages pass that are
// about a connection of the listed ports: the quoted packet's source port is the
// service's own.
//
// The port is read where the original daemon reads it: behind the quoted IPv4
// header, of whatever length it claims, or 40 octets into a quoted IPv6 packet.
// The quoted protocol is not looked at.
package portlist

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
)

// Reasons to drop a packet.
const (
	PayloadTooShort pipeline.Reason = iota + 1 // nothing is quoted
	BadInnerVersion                            // the quote is neither IPv4 nor IPv6
	L4TooShort                                 // the quote ends before the port
	PortNotListed
)

// Settings of the filter.
type Settings struct {
	Ports []Range `setting:"ports" required:"true" pattern:"^[0-9]+(-[0-9]+)?$" example:"80,443,8000-8080" doc:"quoted source ports that pass: numbers and ranges such as \"8000-8080\""`
}

// Plugin returns the filter `port-list`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "port-list",
		Summary: "drops messages about packets of other source ports",
		Reasons: []pipeline.ReasonInfo{
			{Name: "payload-too-short", Doc: "nothing follows the ICMP header"},
			{Name: "bad-inner-version", Doc: "the quoted packet is neither IPv4 nor IPv6"},
			{Name: "l4-too-short", Doc: "what is quoted ends before the source port"},
			{Name: "port-not-listed", Doc: "the quoted source port is not on the list"},
		},
		New: New,
	})
}

// New returns the filter.
func New(s Settings, _ pipeline.Env) (pipeline.Filter, error) {
	f := new(filter)
	for _, r := range s.Ports {
		f.add(r)
	}
	return f, nil
}

// filter is the set of ports, a bit for each.
type filter [1 << 16 / 64]uint64

func (f *filter) add(r Range) {
	for port := int(r.First); port <= int(r.Last); port++ {
		f[port/64] |= 1 << (port % 64)
	}
}

func (f *filter) has(port uint16) bool { return f[port/64]&(1<<(port%64)) != 0 }

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	port, reason := readPort(p.Quote())
	if reason != pipeline.Pass {
		return reason
	}
	p.ReadPort = int32(port)
	if !f.has(port) {
		return PortNotListed
	}
	return pipeline.Pass
}

// readPort reads the source port in a quoted packet, or tells why it can't.
func readPort(quote []byte) (port uint16, why pipeline.Reason) {
	if len(quote) == 0 {
		return 0, PayloadTooShort
	}
	at := 0
	switch quote[0] >> 4 {
	case 4:
		at = 4 * int(quote[0]&0x0f)
	case 6:
		at = 40
	default:
		return 0, BadInnerVersion
	}
	if len(quote) < at+2 {
		return 0, L4TooShort
	}
	return binary.BigEndian.Uint16(quote[at:]), pipeline.Pass
}
