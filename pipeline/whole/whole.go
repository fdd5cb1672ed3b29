// Package whole has what sinks share that hand the IP packets of PTBs whole to other hosts:
// which bytes those are, and that the same packet goes out once.
//
// The bytes are those of the IP packet, from its IP header to its end, without Ethernet
// padding. Nothing is changed but the TTL or hop limit, which is one lower, and with it the
// IPv4 header checksum. The same IP packet passes once in two seconds, however often it is
// captured with whatever TTL: a packet that no host wants bounces between router and hosts
// until its TTL is used up. A router that repeats itself sends another IP identification or
// quotes another packet.
package whole

import (
	"maps"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/pipeline/seen"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Reasons of packets that are not sent. Those of a sink begin with them.
const (
	NotPTB     pipeline.Reason = iota + 1 // no PTB, or one without a sound IP header
	Truncated                             // the capture lacks bytes of it
	TTLExpired                            // the TTL or hop limit was 1 or 0
	TooLong                               // longer than sealed.MaxPacket
	Repeated                              // the same packet was sent within two seconds

	// Last is the last of them.
	Last = Repeated
)

// Reasons returns the declarations of the reasons, and those that a sink has besides.
func Reasons(besides pipeline.Reasons) pipeline.Reasons {
	all := pipeline.Reasons{
		NotPTB:     {Name: "not-ptb", Doc: "the packet is not a PTB, or its IP header is broken", PacketFault: true},
		Truncated:  {Name: "truncated", Doc: "only part of it was captured", PacketFault: true},
		TTLExpired: {Name: "ttl-expired", Doc: "its TTL or hop limit was 1 or 0", PacketFault: true},
		TooLong:    {Name: "too-long", Doc: "it is longer than 1,400 bytes, so its datagram would not fit into an MTU of 1,500", PacketFault: true},
		Repeated:   {Name: "repeated", Doc: "the same IP packet, whatever its TTL, was sent within two seconds before it", PacketFault: true},
	}
	maps.Copy(all, besides)
	return all
}

// Packets prepares packets. It is not safe for concurrent use.
type Packets struct {
	sent   *seen.Memory
	buffer []byte
}

// New returns Packets that have sent nothing.
func New() *Packets {
	return &Packets{sent: seen.Recent(), buffer: make([]byte, 0, sealed.MaxPacket)}
}

// Check returns why a packet must not be sent, whatever was sent before, or Pass.
func Check(p *pipeline.Packet) pipeline.Reason {
	_, r := ipPacket(p)
	return r
}

// Next returns the IP packet of a PTB as it is to be sent, or why it must not be. It is valid
// until the next call.
func (w *Packets) Next(p *pipeline.Packet) ([]byte, pipeline.Reason) {
	ip, r := ipPacket(p)
	if r != pipeline.Pass {
		return nil, r
	}
	if w.sent.Add(w.sent.Packet(ip.Bytes), int64(p.Clock)) {
		return nil, Repeated
	}
	w.buffer = append(w.buffer[:0], ip.Bytes...)
	wire.IP{Version: ip.Version, Bytes: w.buffer}.SetTTL(ip.TTL() - 1)
	return w.buffer, pipeline.Pass
}
