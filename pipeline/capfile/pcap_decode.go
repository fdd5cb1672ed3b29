package capfile

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Magic numbers of pcap files.
const (
	magicMicroseconds = 0xa1b2c3d4
	magicNanoseconds  = 0xa1b23c4d
)

const (
	pcapHeaderLen = 24
	pcapRecordLen = 16
)

// pcapDecoder reads the records of a pcap file.
type pcapDecoder struct {
	byteOrder
	medium
	unit    pipeline.Instant // of the second field of time stamps, in nanoseconds
	lengths lengthOrder
	odd     *oddities
}

// lengthOrder is the order of the two lengths of a record.
type lengthOrder uint8

// Orders of lengths, as libpcap knows them.
const (
	capturedFirst lengthOrder = iota
	capturedLast              // before version 2.3, and in files of DG/UX
	smallerFirst              // of version 2.3 there are both; what was captured is never longer
)

// newPcapDecoder reads the header of a file that [isPcap], of pcapHeaderLen bytes.
func newPcapDecoder(window []byte, odd *oddities) (*pcapDecoder, error) {
	d := &pcapDecoder{byteOrder: pcapOrder(window), unit: 1000, odd: odd}
	if d.uint32(window) == magicNanoseconds {
		d.unit = 1
	}
	major, minor := d.uint16(window[4:]), d.uint16(window[6:])
	switch {
	case major == 2 && minor == 4:
	case major == 2 && minor == 3:
		d.lengths = smallerFirst
	case major == 2 && minor < 3, major == 543 && minor == 0:
		d.lengths = capturedLast
	default:
		return nil, fmt.Errorf("pcap version %d.%d is not supported, only 2.0 to 2.4 are", major, minor)
	}
	link := d.uint32(window[20:])
	d.medium = newMedium(linkTypeOf(uint16(link)), fcsOf(link))
	return d, nil
}

// fcsOf returns the length of the frame check sequence behind each packet, in bytes,
// by the upper bits of the field of the link type: whether it is known, and in units
// of 16 bits.
func fcsOf(link uint32) uint8 {
	const known = 1 << 26
	if link&known == 0 {
		return 0
	}
	return 2 * uint8(link>>28)
}

// isPcap reports whether a file is of the variants that are read.
func isPcap(window []byte) bool {
	magic := pcapOrder(window).uint32(window)
	return magic == magicMicroseconds || magic == magicNanoseconds
}

func pcapOrder(window []byte) byteOrder { return byteOrder{big: window[0] == 0xa1} }

func (d *pcapDecoder) decode(window []byte, dst []pipeline.Packet) (used, n int, err error) {
	for n < len(dst) {
		rest := window[used:]
		if len(rest) < pcapRecordLen {
			break
		}
		captured, length := d.recordLengths(rest)
		if captured > MaxPacket {
			return used, n, tooLarge(captured)
		}
		end := pcapRecordLen + int(captured)
		if len(rest) < end {
			break
		}
		p := &dst[n]
		p.Data = rest[pcapRecordLen:end:end]
		p.Length = max(int(length), int(captured))
		p.Time = pipeline.Instant(d.uint32(rest))*1e9 + pipeline.Instant(d.uint32(rest[4:]))*d.unit
		p.Type = linklayer.TypeUnknown
		d.finish(p, n, d.fcs, d.byteOrder, d.odd)
		used += end
		n++
	}
	return used, n, nil
}

// recordLengths returns the lengths in a record's header.
func (d *pcapDecoder) recordLengths(record []byte) (captured, length uint32) {
	captured, length = d.uint32(record[8:]), d.uint32(record[12:])
	if d.lengths == capturedLast || d.lengths == smallerFirst && captured > length {
		return length, captured
	}
	return captured, length
}

func tooLarge(captured uint32) error {
	return fmt.Errorf("a packet of %d bytes is more than the %d that are supported", captured, MaxPacket)
}

func (d *pcapDecoder) end(rest []byte) error {
	switch {
	case len(rest) == 0:
		return nil
	case len(rest) < pcapRecordLen:
		return fmt.Errorf("the file ends after %d bytes of a packet's record header", len(rest))
	}
	captured, _ := d.recordLengths(rest)
	return fmt.Errorf("the file ends after %d of a packet's %d bytes", len(rest)-pcapRecordLen, captured)
}
