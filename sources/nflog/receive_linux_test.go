package nflog

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// datagram returns messages of so many packets, as the kernel hands them over.
func datagram(packets int) (octets []byte) {
	ptb := pipelinetest.PTB{}.Frame()
	for i := range packets {
		octets = append(octets, logged(uint32(i), ptb)...)
	}
	return append(octets, message(typeDone, make([]byte, familyLen))...)
}

func newTestSource() *source {
	return &source{
		env:   pipeline.Env{Log: slog.New(slog.DiscardHandler)},
		fixed: true,
		batch: make([]pipeline.Packet, batchLen),
	}
}

func TestReceive(t *testing.T) {
	const refusal = "\x93\xff\xff\xff" // -109, in the byte order of most hosts
	for _, tc := range []struct {
		name     string
		datagram []byte
		want     []int // lengths of batches
	}{
		{"nothing", nil, nil},
		{"one packet", datagram(1), []int{1}},
		{"a batch", datagram(batchLen), []int{batchLen}},
		{"more than two batches", datagram(2*batchLen + 1), []int{batchLen, batchLen, 1}},
		{"an answer among packets", append(message(typeError, []byte(refusal)), datagram(2)...), []int{2}},
		{"another message among packets", append(message(typeConfig, nil), datagram(2)...), []int{2}},
		{"a damaged packet", append(message(typePacket, []byte{2, 0, 0, 33, 1, 0, 9, 0}), datagram(2)...), []int{2}},
		{"messages behind the end", append(datagram(2), datagram(2)...), []int{2}},
		{"cut", datagram(2)[:300], []int{1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []int
			newTestSource().receive(tc.datagram, time.Now(), func(b []pipeline.Packet) { got = append(got, len(b)) })
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("batches (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLostByNumbers finds lost packets by the numbers of others, whatever has none.
func TestLostByNumbers(t *testing.T) {
	for _, tc := range []struct {
		name    string
		numbers []uint32
		lost    uint64
	}{
		{"all", []uint32{5, 6, 7}, 0},
		{"gap", []uint32{5, 8}, 2},
		{"one without a number", []uint32{5, unnumbered, 6}, 0},
		{"a damaged one", []uint32{5, damaged, 7}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var octets []byte
			for _, n := range tc.numbers {
				m := logged(n, pipelinetest.PTB{}.Frame())
				if n == damaged {
					m[headerLen+familyLen] = 1 // no attribute is that short
				}
				octets = append(octets, m...)
			}
			s := newTestSource()
			s.receive(octets, time.Now(), func([]pipeline.Packet) {})
			if lost := s.Lost(); lost != tc.lost {
				t.Errorf("%d packets lost, want %d", lost, tc.lost)
			}
		})
	}
}

// damaged as a number of TestLostByNumbers is that of a message which can't be read.
const damaged = 1 << 31

func TestReceiveAllocatesNothing(t *testing.T) {
	s := newTestSource()
	sent := datagram(300)
	octets := make([]byte, len(sent))
	now, packets := time.Now(), 0
	allocations := testing.AllocsPerRun(100, func() {
		copy(octets, sent)
		s.receive(octets, now, func(b []pipeline.Packet) { packets += len(b) })
	})
	if allocations != 0 || packets != 101*300 {
		t.Errorf("%v allocations, %d packets", allocations, packets)
	}
}
