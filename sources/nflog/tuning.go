package nflog

import (
	"encoding/binary"
	"time"

	"github.com/mdlayher/netlink"
)

// busyThreshold is the threshold under load when it is adaptive.
const busyThreshold = 500

// Attributes of a configuration message (enum nfulnl_attr_config).
const (
	attrNetlinkBuffer = 3
	attrTimeout       = 4
	attrThreshold     = 5
)

// attrLen is the length of each in bytes: struct nlattr and a number.
const attrLen = 8

// tuning is what decides when the kernel hands packets over.
type tuning struct {
	threshold     uint32
	netlinkBuffer uint32
	ticks         uint32 // of the timeout
}

// tuning returns what the settings ask for, under load or at rest. One packet at a
// time needs no large buffer, which the kernel would fetch for each.
func (s Settings) tuning(heavy bool) tuning {
	t := tuning{
		threshold:     uint32(s.Threshold),
		netlinkBuffer: uint32(s.NetlinkBuffer),
		ticks:         uint32((s.Timeout + tick - time.Nanosecond) / tick),
	}
	if s.Threshold == Adaptive {
		t.threshold = 1
		if heavy {
			t.threshold = busyThreshold
		}
	}
	if t.threshold == 1 {
		t.netlinkBuffer = minNetlinkBuffer
	}
	return t
}

// message returns the configuration message for a group, which go-nflog can't
// send: it knows no netlink buffer and no timeout of 0.
func (t tuning) message(group uint16) netlink.Message {
	data := binary.BigEndian.AppendUint16(make([]byte, 2), group) // AF_UNSPEC, NFNETLINK_V0
	for _, a := range [...]struct {
		kind  uint16
		value uint32
	}{{attrNetlinkBuffer, t.netlinkBuffer}, {attrTimeout, t.ticks}, {attrThreshold, t.threshold}} {
		data = binary.NativeEndian.AppendUint16(data, attrLen)
		data = binary.NativeEndian.AppendUint16(data, a.kind)
		data = binary.BigEndian.AppendUint32(data, a.value)
	}
	return netlink.Message{Header: netlink.Header{Type: typeConfig, Flags: netlink.Request}, Data: data}
}
