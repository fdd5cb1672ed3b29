package capfile

import (
	"errors"
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Magic numbers of pcap files.
const (
	magicMicroseconds = 0xa1b2c3d4
	magicNanoseconds  = 0xa1b23c4d
	magicModified     = 0xa1b2cd34 // Kuznetsov's variant
)

const (
	pcapHeaderLen = 24
	pcapRecordLen = 16
)

// pcapDecoder reads the records of a pcap file.
type pcapDecoder struct {
	byteOrder
	unit pipeline.Instant // of the second field of time stamps, in nanoseconds
	link pipeline.LinkType
}

// newPcapDecoder reads the header of a file, which has at least pcapHeaderLen octets
// if [isPcap].
func newPcapDecoder(window []byte) (*pcapDecoder, error) {
	d := &pcapDecoder{byteOrder: pcapOrder(window)}
	switch d.uint32(window) {
	case magicMicroseconds:
		d.unit = 1000
	case magicNanoseconds:
		d.unit = 1
	case magicModified:
		return nil, errors.New(`pcap files of the "modified" variant are not supported; convert it with: editcap -F pcap`)
	default:
		return nil, fmt.Errorf("neither a pcap nor a pcapng file: it begins with % x", window[:4])
	}
	if major, minor := d.uint16(window[4:]), d.uint16(window[6:]); major != 2 || minor != 4 {
		return nil, fmt.Errorf("pcap version %d.%d is not supported, only 2.4 is", major, minor)
	}
	d.link = linkTypeOf(uint16(d.uint32(window[20:])))
	return d, nil
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
		captured := d.uint32(rest[8:])
		if captured > MaxPacket {
			return used, n, tooLarge(captured)
		}
		end := pcapRecordLen + int(captured)
		if len(rest) < end {
			break
		}
		p := &dst[n]
		p.Data = rest[pcapRecordLen:end:end]
		p.Length = max(int(d.uint32(rest[12:])), int(captured))
		p.Time = pipeline.Instant(d.uint32(rest))*1e9 + pipeline.Instant(d.uint32(rest[4:]))*d.unit
		p.LinkType = d.link
		p.Type = pipeline.TypeUnknown
		used += end
		n++
	}
	return used, n, nil
}

func tooLarge(captured uint32) error {
	return fmt.Errorf("a packet of %d octets is more than the %d that are supported", captured, MaxPacket)
}

func (d *pcapDecoder) end(rest []byte) error {
	switch {
	case len(rest) == 0:
		return nil
	case len(rest) < pcapRecordLen:
		return fmt.Errorf("the file ends after %d octets of a packet's record header", len(rest))
	}
	captured := d.uint32(rest[8:])
	return fmt.Errorf("the file ends after %d of a packet's %d octets", len(rest)-pcapRecordLen, captured)
}
