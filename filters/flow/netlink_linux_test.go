package flow_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/filters/flow"
)

// TestParse reads replies as the kernel sends them, and damaged ones.
func TestParse(t *testing.T) {
	const sequence = 7
	reply := func(kind uint16, number uint32, claimed int, body ...byte) []byte {
		b := binary.NativeEndian.AppendUint32(nil, uint32(claimed))
		b = binary.NativeEndian.AppendUint16(b, kind)
		b = binary.NativeEndian.AppendUint16(b, 0)
		b = binary.NativeEndian.AppendUint32(b, number)
		return append(append(b, 0, 0, 0, 0), body...)
	}
	noEntry := binary.NativeEndian.AppendUint32(nil, ^uint32(unix.ENOENT)+1)
	for _, tt := range []struct {
		name  string
		reply []byte
		mine  bool
		body  []byte
		err   string
	}{
		{"an answer", reply(20, sequence, 18, 1, 2), true, []byte{1, 2}, ""},
		{"padded", reply(20, sequence, 17, 1, 0, 0, 0), true, []byte{1}, ""},
		{"without a body", reply(20, sequence, 16), true, []byte{}, ""},
		{"to an earlier question", reply(20, sequence-1, 18, 1, 2), false, nil, ""},
		{"no header", make([]byte, 15), true, nil, "reply of 15 bytes"},
		{"longer than it is", reply(20, sequence, 19, 1, 2), true, nil, "reply of 18 bytes claims 19"},
		{"shorter than its header", reply(20, sequence, 15, 1, 2), true, nil, "reply of 18 bytes claims 15"},
		{"an error", reply(unix.NLMSG_ERROR, sequence, 20, noEntry...), true, nil, unix.ENOENT.Error()},
		{"an error without a number", reply(unix.NLMSG_ERROR, sequence, 19, 1, 2, 3), true, nil, "error without a number"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body, mine, err := flow.Parse(sequence, tt.reply)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if mine != tt.mine || got != tt.err || !bytes.Equal(body, tt.body) {
				t.Errorf("%x, %v, %q; want %x, %v, %q", body, mine, got, tt.body, tt.mine, tt.err)
			}
		})
	}
	if _, _, err := flow.Parse(sequence, reply(unix.NLMSG_ERROR, sequence, 20, noEntry...)); !errors.Is(err, unix.ENOENT) {
		t.Errorf("%v is no ENOENT", err)
	}
}
