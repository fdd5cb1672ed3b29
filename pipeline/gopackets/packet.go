package gopackets

import (
	"github.com/google/gopacket"

	"github.com/pmtud/pmtud/pipeline"
)

// NewPacket returns p as gopacket has it. First decodes its first layer: for Ethernet
// layers.LinkTypeEthernet, and layers.LinkType(p.LinkType) for most others. Unless o
// has NoCopy the data is copied, so the packet may be kept; its layers are decoded in
// hundreds of nanoseconds and with allocations, which a filter under a flood can't afford.
func NewPacket(p *pipeline.Packet, first gopacket.Decoder, o gopacket.DecodeOptions) gopacket.Packet {
	packet := gopacket.NewPacket(p.Data, first, o)
	m := packet.Metadata()
	m.CaptureInfo = gopacket.CaptureInfo{Timestamp: p.Time.Time(), CaptureLength: len(p.Data), Length: p.Length}
	m.Truncated = m.Truncated || p.Truncated()
	return packet
}
