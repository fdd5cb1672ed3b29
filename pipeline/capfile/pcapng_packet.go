package capfile

import (
	"errors"
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// optionFlags is the option epb_flags (pack_flags) of packet blocks.
const optionFlags = 2

// enhanced reads the body of an enhanced packet block.
func (d *pcapngDecoder) enhanced(body []byte, n int, p *pipeline.Packet) error {
	return d.packet(d.uint32(body), body, n, p)
}

// obsolete reads the body of a packet block, which differs in that the number of
// the interface is shorter.
func (d *pcapngDecoder) obsolete(body []byte, n int, p *pipeline.Packet) error {
	return d.packet(uint32(d.uint16(body)), body, n, p)
}

func (d *pcapngDecoder) packet(id uint32, body []byte, n int, p *pipeline.Packet) error {
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
	var ok bool
	if p.Time, ok = i.instant(uint64(d.uint32(body[4:]))<<32 | uint64(d.uint32(body[8:]))); !ok {
		d.odd.timeStamp(n, p.Time)
	}
	p.Data = rest[:captured:captured]
	p.Length = max(int(d.uint32(body[16:])), int(captured))
	p.Type = linklayer.TypeUnknown
	fcs := i.fcs
	if padded < len(rest) {
		var err error
		if fcs, err = d.packetOptions(rest[padded:], fcs, p); err != nil {
			return err
		}
	}
	i.finish(p, n, fcs, d.byteOrder, d.odd)
	return nil
}

func doesNotFit(captured uint32, room int) error {
	return fmt.Errorf("a packet of %d bytes in a block with room for %d", captured, room)
}

// packetOptions takes over the flags of a packet. It returns the length of its frame
// check sequence, which is that of the interface unless the flags tell it.
func (d *pcapngDecoder) packetOptions(b []byte, fcs uint8, p *pipeline.Packet) (uint8, error) {
	o := d.options(b)
	for o.next() {
		if o.code != optionFlags || len(o.value) != 4 {
			continue
		}
		flags := o.uint32(o.value)
		p.Type = typeOfFlags(flags)
		if n := uint8(flags >> 5 & 15); n > 0 {
			fcs = n
		}
	}
	return fcs, o.err
}

// simple reads the body of a simple packet block, which belongs to the section's
// first interface.
func (d *pcapngDecoder) simple(body []byte, n int, p *pipeline.Packet) error {
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
	*p = pipeline.Packet{Data: rest[:captured:captured], Length: int(length)}
	i.finish(p, n, i.fcs, d.byteOrder, d.odd)
	return nil
}

// Flags of a packet: where it went in bits 0 and 1, to whom in bits 2 to 4, and the
// length of its frame check sequence in bits 5 to 8 (draft-ietf-opsawg-pcapng, section 4.3.1).
const (
	flagInbound  = 1
	flagOutbound = 2

	flagUnicast     = 1 << 2
	flagMulticast   = 2 << 2
	flagBroadcast   = 3 << 2
	flagPromiscuous = 4 << 2
)

func typeOfFlags(flags uint32) linklayer.PacketType {
	if flags&3 == flagOutbound {
		return linklayer.TypeOutgoing
	}
	switch flags & (7 << 2) {
	case flagUnicast:
		return linklayer.TypeHost
	case flagMulticast:
		return linklayer.TypeMulticast
	case flagBroadcast:
		return linklayer.TypeBroadcast
	case flagPromiscuous:
		return linklayer.TypeOtherHost
	}
	return linklayer.TypeUnknown
}

func flagsOfType(t linklayer.PacketType) uint32 {
	switch t {
	case linklayer.TypeHost:
		return flagInbound | flagUnicast
	case linklayer.TypeBroadcast:
		return flagInbound | flagBroadcast
	case linklayer.TypeMulticast:
		return flagInbound | flagMulticast
	case linklayer.TypeOtherHost:
		return flagInbound | flagPromiscuous
	case linklayer.TypeOutgoing:
		return flagOutbound
	}
	return 0
}
