package capfile

import (
	"encoding/binary"
	"math"

	"github.com/pmtud/pmtud/pipeline"
)

// Options that are written.
const (
	optionComment     = 1
	optionName        = 2 // if_name
	optionApplication = 4 // shb_userappl
)

func (e *Encoder) appendSection(dst []byte) []byte {
	le, start := binary.LittleEndian, len(dst)
	dst = beginBlock(dst, blockSection)
	dst = le.AppendUint32(dst, byteOrderMagic)
	dst = le.AppendUint32(dst, 1)              // version 1.0
	dst = le.AppendUint64(dst, math.MaxUint64) // length of the section: unknown
	if e.Application != "" {
		dst = appendOption(dst, optionApplication, e.Application)
		dst = endOptions(dst)
	}
	return endBlock(dst, start)
}

// AppendInterface appends the description of an interface to a pcapng file.
func (e *Encoder) AppendInterface(dst []byte, i Interface) []byte {
	le, start := binary.LittleEndian, len(dst)
	dst = beginBlock(dst, blockInterface)
	dst = le.AppendUint32(dst, uint32(i.LinkType))
	dst = le.AppendUint32(dst, uint32(e.snaplen()))
	if i.Name != "" {
		dst = appendOption(dst, optionName, i.Name)
	}
	dst = appendOption(dst, optionResolution, "\x09")
	dst = endOptions(dst)
	return endBlock(dst, start)
}

func (e *Encoder) appendEnhanced(dst []byte, id int, p *pipeline.Packet, comment string) ([]byte, error) {
	if p.Time < 0 {
		return dst, ErrTime
	}
	le, start := binary.LittleEndian, len(dst)
	data := p.Data[:min(len(p.Data), e.snaplen())]
	var head [28]byte // but for the block's length
	le.PutUint32(head[0:], blockEnhanced)
	le.PutUint32(head[8:], uint32(id))
	le.PutUint32(head[12:], uint32(p.Time>>32))
	le.PutUint32(head[16:], uint32(p.Time))
	le.PutUint32(head[20:], uint32(len(data)))
	le.PutUint32(head[24:], uint32(max(p.Length, len(p.Data))))
	dst = append(append(dst, head[:]...), data...)
	dst = pad(dst, len(data))
	if flags := flagsOfType(p.Type); flags != 0 || comment != "" {
		dst = appendPacketOptions(dst, flags, comment)
	}
	return endBlock(dst, start), nil
}

func appendPacketOptions(dst []byte, flags uint32, comment string) []byte {
	le := binary.LittleEndian
	if comment != "" {
		dst = appendOption(dst, optionComment, comment)
	}
	if flags != 0 {
		dst = le.AppendUint32(dst, optionFlags|4<<16)
		dst = le.AppendUint32(dst, flags)
	}
	return endOptions(dst)
}

// appendOption appends an option; of a value that is too long only the beginning.
func appendOption(dst []byte, code uint16, value string) []byte {
	le := binary.LittleEndian
	value = value[:min(len(value), maxOption)]
	dst = le.AppendUint16(dst, code)
	dst = le.AppendUint16(dst, uint16(len(value)))
	return pad(append(dst, value...), len(value))
}

// maxOption keeps blocks small.
const maxOption = 32 << 10

func endOptions(dst []byte) []byte { return binary.LittleEndian.AppendUint32(dst, 0) }

// beginBlock appends the beginning of a block, with room for its length.
func beginBlock(dst []byte, kind uint32) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, kind)
	return binary.LittleEndian.AppendUint32(dst, 0)
}

// endBlock completes the block that begins at start.
func endBlock(dst []byte, start int) []byte {
	length := uint32(len(dst) - start + 4)
	binary.LittleEndian.PutUint32(dst[start+4:], length)
	return binary.LittleEndian.AppendUint32(dst, length)
}

// pad appends bytes so that a field of n bytes ends on a multiple of 4.
func pad(dst []byte, n int) []byte {
	var zeros [3]byte
	return append(dst, zeros[:-n&3]...)
}
