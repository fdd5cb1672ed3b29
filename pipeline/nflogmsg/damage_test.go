package nflogmsg_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/nflogmsg"
)

// attribute returns an attribute that claims to have so many bytes (linux/netlink.h):
// those of its header and its value, unless a test lies.
func attribute(kind uint16, claimed int, value ...byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(claimed))
	b = append(binary.NativeEndian.AppendUint16(b, kind), value...)
	return append(b, make([]byte, (4-len(b)%4)%4)...)
}

// Attributes of enum nfulnl_attr_type, and those within the one of the VLAN.
const (
	packetHeader, timestamp, payload, sequence, hwType, vlan = 1, 3, 9, 12, 15, 20
	vlanProtocol, vlanTCI                                    = 1, 2
)

// TestDamage has attributes that are too short for their values, and those that just
// are not.
func TestDamage(t *testing.T) {
	nested := func(attributes ...[]byte) []byte {
		b := slices.Concat(attributes...)
		return attribute(vlan, 4+len(b), b...)
	}
	tpid, tci := attribute(vlanProtocol, 6, 0x81, 0), attribute(vlanTCI, 6, 0, 7)
	for _, tc := range []struct {
		name  string
		bytes []byte
		sound bool
	}{
		{"nothing", nil, true},
		{"packet header", attribute(packetHeader, 8, 8, 0, 1, 0), true},
		{"packet header, one byte short", attribute(packetHeader, 7, 8, 0, 1), false},
		{"time stamp", attribute(timestamp, 20, make([]byte, 16)...), true},
		{"time stamp, one byte short", attribute(timestamp, 19, make([]byte, 15)...), false},
		{"sequence number", attribute(sequence, 8, 0, 0, 0, 1), true},
		{"sequence number, one byte short", attribute(sequence, 7, 0, 0, 0), false},
		{"hardware type", attribute(hwType, 6, 0, 1), true},
		{"hardware type, one byte short", attribute(hwType, 5, 0), false},
		{"payload, empty", attribute(payload, 4), true},
		{"length below that of the header", attribute(payload, 3), false},
		{"length 0", attribute(payload, 0), false},
		{"length up to the end", attribute(payload, 8, 1, 2, 3, 4), true},
		{"length beyond the end", attribute(payload, 9, 1, 2, 3, 4), false},
		{"header cut", attribute(payload, 4)[:3], true},
		{"VLAN, empty", nested(), true},
		{"VLAN", nested(tpid, tci), true},
		{"VLAN protocol, one byte short", nested(attribute(vlanProtocol, 5, 0x81)), false},
		{"VLAN tag, one byte short", nested(tpid, attribute(vlanTCI, 5, 0)), false},
		{"VLAN, another attribute, empty", nested(attribute(9, 4), tpid), true},
		{"VLAN, length below that of the header", nested(attribute(9, 3)), false},
		{"VLAN, length beyond its end", nested(attribute(9, 9, 1, 2, 3, 4)), false},
		{"VLAN, length up to its end", nested(attribute(9, 8, 1, 2, 3, 4)), true},
		{"VLAN, header cut", nested(tpid[:3]), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r nflogmsg.Record
			message := append([]byte{2, 0, 0, 33}, tc.bytes...)
			if got := r.Parse(slices.Clip(message)); got != tc.sound {
				t.Errorf("sound: %v, want %v", got, tc.sound)
			}
		})
	}
	var r nflogmsg.Record
	if r.Parse([]byte{2, 0, 0}) {
		t.Error("half a struct nfgenmsg is sound")
	}
}

// TestSequence asks for numbers that are there or not, and of a record that is used again.
func TestSequence(t *testing.T) {
	var r nflogmsg.Record
	for _, tc := range []struct {
		name  string
		bytes []byte
		n     uint32
		ok    bool
	}{
		{"none", nil, 0, false},
		{"zero", attribute(sequence, 8, 0, 0, 0, 0), 0, true},
		{"large", attribute(sequence, 8, 0xfe, 0xdc, 0xba, 0x98), 0xfedcba98, true},
		{"none again", nil, 0, false},
	} {
		if !r.Parse(append([]byte{2, 0, 0, 33}, tc.bytes...)) {
			t.Errorf("%s: not sound", tc.name)
		}
		if n, ok := r.Sequence(); n != tc.n || ok != tc.ok {
			t.Errorf("%s: %#x, %v, want %#x, %v", tc.name, n, ok, tc.n, tc.ok)
		}
	}
}

// TestVLANTag has the attributes of a tag in either order, behind one that is not read.
func TestVLANTag(t *testing.T) {
	ethernet := []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0}
	ip := []byte{0x45, 0, 0, 20, 0, 0, 0, 0, 60, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1}
	tpid, tci, other := attribute(vlanProtocol, 6, 0x88, 0xa8), attribute(vlanTCI, 6, 0x20, 9), attribute(7, 7, 1, 2, 3)
	for name, order := range map[string][][]byte{
		"protocol first": {other, tpid, tci}, "tag first": {tci, other, tpid}, "nothing else": {tpid, tci},
	} {
		t.Run(name, func(t *testing.T) {
			tag := slices.Concat(order...)
			message := slices.Concat([]byte{2, 0, 0, 33},
				attribute(packetHeader, 8, 8, 0, 1, 0), attribute(hwType, 6, 0, 1), attribute(16, 18, ethernet...),
				attribute(vlan, 4+len(tag), tag...), attribute(payload, 4+len(ip), ip...))
			var r nflogmsg.Record
			if !r.Parse(message) {
				t.Fatal("the message is not sound")
			}
			var p pipeline.Packet
			r.Fill(&p, 1)
			want := slices.Concat(ethernet[:12], []byte{0x88, 0xa8, 0x20, 9}, ethernet[12:], ip)
			if diff := cmp.Diff(want, p.Data); diff != "" {
				t.Errorf("packet (-want +got):\n%s", diff)
			}
		})
	}
}
