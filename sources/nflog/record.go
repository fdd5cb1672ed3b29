package nflog

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
)

// Attributes of a logged packet that are read (enum nfulnl_attr_type). All values
// are in network byte order.
const (
	attrPacketHeader = 1
	attrTimestamp    = 3
	attrPayload      = 9
	attrSequence     = 12
	attrHWType       = 15
	attrHWHeader     = 16
	attrVLAN         = 20

	attrVLANProtocol = 1 // within attrVLAN
	attrVLANTCI      = 2

	attrTypeMask = 0x3fff // NLA_TYPE_MASK
)

// record is a logged packet as its message tells it. What a message does not
// tell is zero.
type record struct {
	msg          []byte           // lent, all of it
	family       uint8            // NFPROTO_*, of the hook
	hook         uint8            // its number in the family
	protocol     uint16           // EtherType
	time         pipeline.Instant // when the packet came in
	sequence     uint32           // number in the group
	hasSequence  bool
	hwType       uint16 // ARPHRD_* of the interface that it came in by
	hwHeader     []byte // of that interface's header length, in msg
	vlanProtocol uint16 // EtherType of the tag that was taken off, 0 if none was
	vlanTCI      uint16
	payload, end int // where the packet is in msg
}

// parse reads a message of typePacket. It reports whether the message is sound, and
// keeps msg.
func (r *record) parse(msg []byte) bool {
	*r = record{msg: msg, payload: len(msg), end: len(msg)}
	if len(msg) < headerLen+familyLen {
		return false
	}
	r.family = msg[headerLen]
	for at := headerLen + familyLen; at+attributeLen <= len(msg); {
		n := int(binary.NativeEndian.Uint16(msg[at:]))
		kind := binary.NativeEndian.Uint16(msg[at+2:]) & attrTypeMask
		if n < attributeLen || n > len(msg)-at {
			return false
		}
		if !r.attribute(kind, at+attributeLen, at+n) {
			return false
		}
		at += align(n)
	}
	return true
}

// attribute reads the attribute whose value is msg[begin:end].
func (r *record) attribute(kind uint16, begin, end int) bool {
	value := r.msg[begin:end]
	switch kind {
	case attrPacketHeader:
		if len(value) < 4 {
			return false
		}
		r.protocol, r.hook = binary.BigEndian.Uint16(value), value[2]
	case attrTimestamp:
		if len(value) < 16 {
			return false
		}
		r.time = instant(binary.BigEndian.Uint64(value), binary.BigEndian.Uint64(value[8:]))
	case attrSequence:
		if len(value) < 4 {
			return false
		}
		r.sequence, r.hasSequence = binary.BigEndian.Uint32(value), true
	case attrHWType:
		if len(value) < 2 {
			return false
		}
		r.hwType = binary.BigEndian.Uint16(value)
	case attrHWHeader:
		r.hwHeader = value
	case attrVLAN:
		return r.vlan(value)
	case attrPayload:
		r.payload, r.end = begin, end
	}
	return true
}

// vlan reads the attributes within attrVLAN.
func (r *record) vlan(b []byte) bool {
	for len(b) >= attributeLen {
		n := int(binary.NativeEndian.Uint16(b))
		if n < attributeLen || n > len(b) {
			return false
		}
		kind := binary.NativeEndian.Uint16(b[2:]) & attrTypeMask
		if kind == attrVLANProtocol || kind == attrVLANTCI {
			if n < attributeLen+2 {
				return false
			}
			value := binary.BigEndian.Uint16(b[attributeLen:])
			if kind == attrVLANProtocol {
				r.vlanProtocol = value
			} else {
				r.vlanTCI = value
			}
		}
		b = b[min(align(n), len(b)):]
	}
	return true
}

// maxSeconds is the last second that an Instant can tell, in the year 2262.
const maxSeconds = 1<<63/1_000_000_000 - 1

// instant converts a kernel time stamp; 0 stands for one that makes no sense.
func instant(seconds, microseconds uint64) pipeline.Instant {
	if seconds > maxSeconds || microseconds >= 1_000_000 {
		return 0
	}
	return pipeline.Instant(seconds*1_000_000_000 + microseconds*1000)
}
