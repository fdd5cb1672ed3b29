package nflog

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/mdlayher/netlink"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// unnumbered as a number of logged is none.
const unnumbered = 1<<32 - 1

// logged returns the message of an Ethernet frame as the kernel orders its
// attributes (enum nfulnl_attr_type).
func logged(sequence uint32, frame []byte) []byte {
	a := netlink.NewAttributeEncoder()
	a.ByteOrder = binary.BigEndian
	a.Bytes(1, []byte{frame[12], frame[13], 0, 0}) // packet header
	a.Uint16(15, 1)                                // hardware type
	a.Bytes(16, frame[:14])                        // hardware header
	if sequence != unnumbered {
		a.Uint32(12, sequence)
	}
	a.Bytes(9, frame[14:]) // payload
	attributes, err := a.Encode()
	if err != nil {
		panic(err) // all of them are made here
	}
	return message(typePacket, append([]byte{2, 0, 0, 33}, attributes...))
}

func message(kind uint16, data []byte) []byte {
	m := netlink.Message{Header: netlink.Header{Type: netlink.HeaderType(kind), Length: uint32(headerLen + align(len(data)))}, Data: data}
	b, err := m.MarshalBinary()
	if err != nil {
		panic(err)
	}
	return b
}

// FuzzMessages checks that messages stay inside their datagram and don't overlap.
func FuzzMessages(f *testing.F) {
	sound := logged(1, pipelinetest.PTB{}.Frame())
	f.Add(sound)
	f.Add(sound[:len(sound)-1])
	f.Add(append(bytes.Clone(sound), message(typeDone, make([]byte, 4))...))
	f.Add(message(typeError, []byte{0xff, 0xff, 0xff, 0xff}))
	f.Fuzz(func(t *testing.T, datagram []byte) {
		for _, msg, rest := nextMessage(datagram); msg != nil; _, msg, rest = nextMessage(rest) {
			messageError(msg)
			if len(msg) < headerLen || len(msg)+len(rest) > len(datagram) {
				t.Fatalf("a message of %d and %d bytes behind it, of %d", len(msg), len(rest), len(datagram))
			}
			datagram = rest
		}
	})
}
