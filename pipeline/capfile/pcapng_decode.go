package capfile

import (
	"encoding/binary"
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Block types (draft-ietf-opsawg-pcapng, section 4).
const (
	blockSection    = 0x0a0d0d0a // the same in both byte orders
	blockInterface  = 1
	blockPacket     = 2 // obsolete
	blockSimple     = 3
	blockEnhanced   = 6
	byteOrderMagic  = 0x1a2b3c4d
	blockMinLen     = 12 // type, total length, total length again
	sectionMinLen   = 28
	interfaceMinLen = 20
	packetMinLen    = 32 // enhanced and obsolete
	simpleMinLen    = 16
)

// MaxInterfaces is the largest number of interfaces in a section of a pcapng file.
const MaxInterfaces = 8192

// pcapngDecoder reads the blocks of a pcapng file.
type pcapngDecoder struct {
	byteOrder
	interfaces []iface // of the section
	odd        *oddities

	// A block that is skipped need not fit into a window.
	skipping uint32 // its length, 0 when there is none
	left     uint32 // of it, with the total length at its end
}

func isPcapng(window []byte) bool {
	return binary.LittleEndian.Uint32(window) == blockSection
}

func (d *pcapngDecoder) decode(window []byte, dst []pipeline.Packet) (used, n int, err error) {
	for n < len(dst) {
		rest := window[used:]
		if d.skipping != 0 {
			skipped, err := d.skip(rest)
			used += skipped
			if err != nil || d.skipping != 0 {
				return used, n, err
			}
			continue
		}
		b, err := d.block(rest)
		if err != nil || b.total == 0 {
			return used, n, err
		}
		if b.body == nil {
			d.skipping, d.left = b.total, b.total
			continue
		}
		isPacket, err := d.decodeBlock(b, n, &dst[n])
		if err != nil {
			return used, n, err
		}
		used += int(b.total)
		if isPacket {
			n++
		}
	}
	return used, n, nil
}

// block is a block that may be used.
type block struct {
	kind  uint32
	total uint32
	body  []byte // without type and total lengths; nil for blocks to be skipped
}

// block returns the block that rest begins with: none, of length 0, while rest is
// too short.
func (d *pcapngDecoder) block(rest []byte) (b block, err error) {
	if len(rest) < blockMinLen {
		return block{}, nil
	}
	kind := d.uint32(rest)
	if kind == blockSection {
		if err := d.turn(rest[8:]); err != nil {
			return block{}, err
		}
	}
	total := d.uint32(rest[4:])
	least := minLength(kind)
	if err := checkTotal(kind, total, least); err != nil {
		return block{}, err
	}
	if least == blockMinLen {
		return block{kind: kind, total: total}, nil
	}
	if len(rest) < int(total) {
		return block{}, nil
	}
	if again := d.uint32(rest[total-4:]); again != total {
		return block{}, lengthMismatch(total, again)
	}
	return block{kind: kind, total: total, body: rest[8 : total-4]}, nil
}

// turn sets the byte order to that of a section.
func (d *pcapngDecoder) turn(magic []byte) error {
	switch binary.LittleEndian.Uint32(magic) {
	case byteOrderMagic:
		d.big = false
	case 0x4d3c2b1a:
		d.big = true
	default:
		return fmt.Errorf("a section header with the byte-order magic % x", magic[:4])
	}
	return nil
}

// minLength is the least total length of a block. That of blocks which are not of
// interest is blockMinLen.
func minLength(kind uint32) uint32 {
	switch kind {
	case blockSection:
		return sectionMinLen
	case blockInterface:
		return interfaceMinLen
	case blockPacket, blockEnhanced:
		return packetMinLen
	case blockSimple:
		return simpleMinLen
	}
	return blockMinLen
}

func checkTotal(kind, total, least uint32) error {
	switch {
	case total < least:
		return fmt.Errorf("a block of type %#x with a total length of %d bytes, less than %d", kind, total, least)
	case total%4 != 0:
		return fmt.Errorf("a block of type %#x with a total length of %d bytes, not a multiple of 4", kind, total)
	case total > MaxBlock:
		return fmt.Errorf("a block of type %#x with a total length of %d bytes, more than %d", kind, total, MaxBlock)
	}
	return nil
}

func lengthMismatch(total, again uint32) error {
	return fmt.Errorf("a block whose total length is %d bytes at its beginning and %d at its end", total, again)
}

// skip goes on skipping a block and returns how much of rest belongs to it.
func (d *pcapngDecoder) skip(rest []byte) (skipped int, err error) {
	skipped = int(min(uint32(len(rest)), d.left-4))
	d.left -= uint32(skipped)
	if rest = rest[skipped:]; len(rest) < 4 {
		return skipped, nil
	}
	if again := d.uint32(rest); again != d.skipping {
		return skipped, lengthMismatch(d.skipping, again)
	}
	d.skipping = 0
	return skipped + 4, nil
}

// decodeBlock reports whether the block was a packet, which is now in p: number n of
// the batch.
func (d *pcapngDecoder) decodeBlock(b block, n int, p *pipeline.Packet) (isPacket bool, err error) {
	switch b.kind {
	case blockEnhanced:
		return true, d.enhanced(b.body, n, p)
	case blockSimple:
		return true, d.simple(b.body, n, p)
	case blockPacket:
		return true, d.obsolete(b.body, n, p)
	case blockInterface:
		return false, d.addInterface(b.body)
	}
	return false, d.section(b.body)
}

// section begins a section.
func (d *pcapngDecoder) section(body []byte) error {
	if major, minor := d.uint16(body[4:]), d.uint16(body[6:]); major != 1 || minor != 0 && minor != 2 {
		return fmt.Errorf("pcapng version %d.%d is not supported, only 1.0 is", major, minor)
	}
	d.interfaces = d.interfaces[:0]
	o := d.options(body[16:])
	for o.next() {
	}
	return o.err
}

func (d *pcapngDecoder) end(rest []byte) error {
	switch {
	case d.skipping != 0:
		return fmt.Errorf("the file ends within a block of %d bytes", d.skipping)
	case len(rest) == 0:
		return nil
	case len(rest) < blockMinLen:
		return fmt.Errorf("the file ends after %d bytes of a block", len(rest))
	}
	return fmt.Errorf("the file ends after %d of a block's %d bytes", len(rest), d.uint32(rest[4:]))
}
