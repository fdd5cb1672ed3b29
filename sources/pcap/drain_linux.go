package pcap

import (
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// drainMargin is more than the kernel's timers are late.
const drainMargin = 5 * time.Millisecond

// drain lets nothing more arrive and delivers what has arrived: what the kernel took
// is not lost because the source was told to stop. When it is another one's turn, that
// one has been open for a while, so that there is no gap between them.
func (s *source) drain(deliver func([]pipeline.Packet)) {
	if s.queue.inUse {
		s.takeAll(deliver)
		s.queue.stop() // the ring has the rest
	}
	if err := s.socket.Detach(); err != nil {
		s.log.Debug("can't stop capturing", "error", err)
		return
	}
	defer s.gatekeeper.countNow()
	// A block that is not full is handed over after one to two time-outs.
	end := time.Now().Add(2*s.blockTimeout() + drainMargin)
	for left, _ := s.ringBlocks(); left > 0; {
		block, ok := s.ring.Take()
		switch {
		case ok:
			s.deliver(&block, deliver)
			left--
		case time.Now().After(end):
			return
		default:
			time.Sleep(time.Millisecond)
		}
	}
}
