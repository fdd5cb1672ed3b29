package pcap_test

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/sources/pcap"
)

// TestFewPacketsDontWait sends one packet after the other, until twenty did not come from the ring.
// On a busy machine some may.
func TestFewPacketsDontWait(t *testing.T) {
	lan := newLAN(t)
	c := &capture{log: new(logBuffer)}
	ahead := make(chan int, 1)
	c.run(t, lan.host, on(), nil, func([]pipeline.Packet) { ahead <- pcap.Ahead(c.source) })
	send, frame := sender(t, lan.wire), pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	for n, end := 0, time.Now().Add(timeout); n < 20; {
		send(frame)
		if <-ahead > 0 {
			n++
		}
		if time.Now().After(end) {
			t.Fatalf("%d packets did not come from the ring", n)
		}
	}
}

// TestQueueAfterFlood waits until a flood comes from the ring, and for its end, from when on packets
// don't wait for the ring again.
func TestQueueAfterFlood(t *testing.T) {
	lan := newLAN(t)
	c := &capture{log: new(logBuffer)}
	var total, fromRing, ahead atomic.Int64
	c.run(t, lan.host, on(), nil, func(batch []pipeline.Packet) {
		ahead.Store(int64(pcap.Ahead(c.source)))
		if ahead.Load() == 0 {
			fromRing.Add(1)
		}
		total.Add(int64(len(batch)))
	})
	send, frame := sender(t, lan.wire), pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	sent := int64(0)
	for end := time.Now().Add(timeout); fromRing.Load() < 100; sent++ {
		if time.Now().After(end) {
			t.Fatal("the flood does not come from the ring")
		}
		send(frame)
	}
	pipelinetest.Eventually(t, func() bool { return total.Load() == sent })
	for end := time.Now().Add(timeout); ahead.Load() == 0; {
		if time.Now().After(end) {
			t.Fatal("packets go on coming from the ring")
		}
		send(frame)
		sent++
		pipelinetest.Eventually(t, func() bool { return total.Load() == sent })
	}
}

// TestReaderStandsStill has many packets in the ring before the source runs, and a pipeline that
// takes longer for the first of them than the source waits between two looks at how much comes.
func TestReaderStandsStill(t *testing.T) {
	lan := newLAN(t)
	const sent = 1000
	var total atomic.Int64
	c := &capture{log: new(logBuffer), before: func() {
		send, frame := sender(t, lan.wire), pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
		for range sent {
			send(frame)
		}
	}}
	standStill := sync.OnceFunc(func() { time.Sleep(300 * time.Millisecond) })
	c.run(t, lan.host, on(), nil, func(batch []pipeline.Packet) {
		standStill()
		total.Add(int64(len(batch)))
	})
	pipelinetest.Eventually(t, func() bool { return total.Load() == sent })
}

// TestEveryPacketComesOnce sends packets with pauses of all lengths between them, while an
// interface has few and many, and stops at any time.
func TestEveryPacketComesOnce(t *testing.T) {
	rounds := 10
	if testing.Short() {
		rounds = 3
	}
	lan := newLAN(t)
	for range rounds {
		var mu sync.Mutex
		came := map[uint32]int{}
		c := &capture{log: new(logBuffer)}
		c.run(t, lan.host, on(), nil, func(batch []pipeline.Packet) {
			mu.Lock()
			defer mu.Unlock()
			for _, p := range batch {
				came[binary.BigEndian.Uint32(p.Data[14:])]++
			}
		})
		send := sender(t, lan.wire)
		sent := uint32(0)
		for range 40 {
			for range 1 << rand.N(10) {
				send(lan.frame(lan.hostMAC, binary.BigEndian.AppendUint32([]byte{0x08, 0x00}, sent)...))
				sent++
			}
			time.Sleep(rand.N(20 * time.Millisecond))
		}
		c.stop()
		lost := int(c.source.Lost())
		for id := range sent {
			switch n := came[id]; {
			case n == 0:
				lost--
			case n > 1:
				t.Errorf("packet %d came %d times", id, n)
			}
		}
		if lost != 0 {
			t.Errorf("%d more are missing than were lost", -lost)
		}
	}
}
