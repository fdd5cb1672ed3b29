package nflogmsg

import (
	"encoding/binary"
	"math/bits"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Lengths in bytes.
const (
	familyLen    = 4 // struct nfgenmsg
	attributeLen = 4 // struct nlattr
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

// Record is a logged packet as its message describes it. What a message leaves out
// is zero.
type Record struct {
	// Swapped says that the message is of a host of the other byte order, as one in
	// a capture file may be. Parse keeps it.
	Swapped bool

	// Cut says that the message may lack its end, as one in a capture file may. Its
	// last attribute is then what is there of it. Parse keeps it.
	Cut bool

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

// Parse reads a message of type NFULNL_MSG_PACKET, from struct nfgenmsg on. It
// reports whether the message is sound, and keeps msg.
func (r *Record) Parse(msg []byte) bool {
	*r = Record{Swapped: r.Swapped, Cut: r.Cut, msg: msg, payload: len(msg), end: len(msg)}
	if len(msg) < familyLen {
		return false
	}
	r.family = msg[0]
	for at := familyLen; at+attributeLen <= len(msg); {
		n := int(r.uint16(msg[at:]))
		kind := r.uint16(msg[at+2:]) & attrTypeMask
		if r.Cut {
			n = min(n, len(msg)-at)
		}
		if n < attributeLen || n > len(msg)-at {
			return false
		}
		if !r.attribute(kind, at+attributeLen, at+n) {
			return false
		}
		at += align(n)
	}
	if r.protocol == 0 {
		r.protocol = protocolOf(r.family)
	}
	return true
}

// uint16 reads a field in the byte order of the message's host.
func (r *Record) uint16(b []byte) uint16 {
	v := binary.NativeEndian.Uint16(b)
	if r.Swapped {
		return bits.ReverseBytes16(v)
	}
	return v
}

// Sequence returns the packet's number in its group, and whether it has one.
func (r *Record) Sequence() (n uint32, ok bool) { return r.sequence, r.hasSequence }

// align rounds a length up as netlink does between attributes.
func align(n int) int { return (n + 3) &^ 3 }

// protocolOf returns the EtherType of a family's packets, 0 if it has several. It is
// for messages without a packet header.
func protocolOf(family uint8) uint16 {
	switch family {
	case familyIPv4:
		return linklayer.EtherTypeIPv4
	case familyIPv6:
		return linklayer.EtherTypeIPv6
	}
	return 0
}

// attribute reads the attribute whose value is msg[begin:end].
func (r *Record) attribute(kind uint16, begin, end int) bool {
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
func (r *Record) vlan(b []byte) bool {
	for len(b) >= attributeLen {
		n := int(r.uint16(b))
		if n < attributeLen || n > len(b) {
			return false
		}
		kind := r.uint16(b[2:]) & attrTypeMask
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
