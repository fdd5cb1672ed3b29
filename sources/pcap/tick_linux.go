package pcap

import (
	"time"

	"github.com/pmtud/pmtud/pipeline/afpacket"
)

// Times between two looks at how much comes, while anything does.
const (
	// With the queue in use, it is more than a packet waits in the ring.
	queuePause = 100 * time.Millisecond

	// With the ring alone, it is short enough for metrics.
	ringPause = 250 * time.Millisecond
)

// Numbers of packets between two ticks.
const (
	// mostQueued are read from the queue; when there are more, the ring goes on alone.
	mostQueued = 256

	// mostCalm are few enough for the queue to be used again: half of that rate.
	mostCalm = int(mostQueued * ringPause / queuePause / 2)
)

// tickLater has the source woken for a tick.
func (s *source) tickLater() {
	if !s.ticking && s.state == afpacket.Up {
		_ = s.tickIn(s.pause()) // fails after Close only
	}
}

func (s *source) tickIn(pause time.Duration) error {
	s.ticking = true
	return s.deadline.set(time.Now().Add(pause))
}

func (s *source) pause() time.Duration {
	if s.queue.inUse {
		return queuePause
	}
	return ringPause
}

// tick enters what the gate refused, puts the queue to use again when not much comes any more, and
// goes on until nothing comes and nothing changes: what is in the ring alone is not left there.
func (s *source) tick() error {
	came := s.came + s.gatekeeper.countNow()
	s.came = 0
	shut := time.Now().Before(s.gatekeeper.until)
	stopped := s.queue.isStopped()
	if blocks, _, _ := s.ring.Closed(); came <= mostCalm && blocks == 0 && !shut {
		s.queue.start()
	}
	if came > 0 || shut || stopped {
		return s.tickIn(s.pause())
	}
	s.ticking = false
	return s.deadline.set(time.Time{})
}

// stopQueue has the ring go on alone.
func (s *source) stopQueue() {
	s.queue.stop()
	s.came = 0
	_ = s.tickIn(ringPause) // fails after Close only
}
