package capfile

import (
	"errors"
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// optionFlags is the option epb_flags (pack_flags) of packet blocks.
const optionFlags = 2

// enhanced reads the body of an enhanced packet block.
func (d *pcapngDecoder) enhanced(body []byte, p *pipeline.Packet) error {
	return d.packet(d.uint32(body), body, p)
}

// obsolete reads the body of a packet block, which differs in that the number of
// the interface is shorter.
func (d *pcapngDecoder) obsolete(body []byte, p *pipeline.Packet) error {
	return d.packet(uint32(d.uint16(body)), body, p)
}

func (d *pcapngDecoder) packet(id uint32, body []byte, p *pipeline.Packet) error {
	if uint64(id) >= uint64(len(d.interfaces)) {
		return fmt.Errorf("a packet of interface %d; the section has %d interfaces so far", id, len(d.interfaces))
	}
	captured := d.uint32(body[12:])
	if captured > MaxPacket {
		return tooLarge(captured)
	}
	rest := body[20:]
	padded := int(captured+3) &^ 3
	if padded > len(rest) {
		return doesNotFit(captured, len(rest))
	}
	i := &d.interfaces[id]
	time, err := i.instant(uint64(d.uint32(body[4:]))<<32 | uint64(d.uint32(body[8:])))
	if err != nil {
		return err
	}
	p.Data = rest[:captured:captured]
	p.Length = max(int(d.uint32(body[16:])), int(captured))
	p.Time = time
	p.LinkType = i.link
	p.Type = pipeline.TypeUnknown
	if padded == len(rest) {
		return nil
	}
	return d.packetOptions(rest[padded:], p)
}

func doesNotFit(captured uint32, room int) error {
	return fmt.Errorf("a packet of %d octets in a block with room for %d", captured, room)
}

func (d *pcapngDecoder) packetOptions(b []byte, p *pipeline.Packet) error {
	o := d.options(b)
	for o.next() {
		if o.code == optionFlags && len(o.value) == 4 {
			p.Type = typeOfFlags(o.uint32(o.value))
		}
	}
	return o.err
}

// simple reads the body of a simple packet block, which belongs to the section's
// first interface.
func (d *pcapngDecoder) simple(body []byte, p *pipeline.Packet) error {
	if len(d.interfaces) == 0 {
		return errors.New("a simple packet block in a section without an interface")
	}
	i := &d.interfaces[0]
	length := d.uint32(body)
	captured := length
	if i.snaplen != 0 {
		captured = min(captured, i.snaplen)
	}
	if captured > MaxPacket {
		return tooLarge(captured)
	}
	rest := body[4:]
	if int(captured) > len(rest) {
		return doesNotFit(captured, len(rest))
	}
	*p = pipeline.Packet{Data: rest[:captured:captured], Length: int(length), LinkType: i.link}
	return nil
}

// Flags of a packet: where it went in bits 0 and 1, to whom in bits 2 to 4
// (draft-ietf-opsawg-pcapng, section 4.3.1).
const (
	flagInbound  = 1
	flagOutbound = 2

	flagUnicast     = 1 << 2
	flagMulticast   = 2 << 2
	flagBroadcast   = 3 << 2
	flagPromiscuous = 4 << 2
)

func typeOfFlags(flags uint32) pipeline.PacketType {
	if flags&3 == flagOutbound {
		return pipeline.TypeOutgoing
	}
	switch flags & (7 << 2) {
	case flagUnicast:
		return pipeline.TypeHost
	case flagMulticast:
		return pipeline.TypeMulticast
	case flagBroadcast:
		return pipeline.TypeBroadcast
	case flagPromiscuous:
		return pipeline.TypeOtherHost
	}
	return pipeline.TypeUnknown
}

func flagsOfType(t pipeline.PacketType) uint32 {
	switch t {
	case pipeline.TypeHost:
		return flagInbound | flagUnicast
	case pipeline.TypeBroadcast:
		return flagInbound | flagBroadcast
	case pipeline.TypeMulticast:
		return flagInbound | flagMulticast
	case pipeline.TypeOtherHost:
		return flagInbound | flagPromiscuous
	case pipeline.TypeOutgoing:
		return flagOutbound
	}
	return 0
}
