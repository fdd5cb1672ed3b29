package capfile

import (
	"encoding/binary"
	"math/bits"
)

// byteOrder reads the fields of a file in its writer's byte order. The zero value
// is for little-endian files.
type byteOrder struct{ big bool }

func (o byteOrder) uint16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if o.big {
		return bits.ReverseBytes16(v)
	}
	return v
}

func (o byteOrder) uint32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if o.big {
		return bits.ReverseBytes32(v)
	}
	return v
}

func (o byteOrder) uint64(b []byte) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if o.big {
		return bits.ReverseBytes64(v)
	}
	return v
}
