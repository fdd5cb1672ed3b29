package nats

import (
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
)

// Bounds of what waits for the pipeline, of all subscriptions together.
const (
	pendingMessages = 16384
	pendingBytes    = 8 << 20
)

// subscriptions are those of the connection at hand, and what all so far have lost.
type subscriptions struct {
	mu   sync.Mutex
	list []*nats.Subscription
	lost []uint64 // of each, when it was asked last
	base uint64   // of those of connections before
}

// subscribe is [natslink.Config].Connected. NATS calls back from a goroutine for each
// subscription, and keeps what comes meanwhile within bounds.
func (s *source) subscribe(conn *nats.Conn) error {
	var list []*nats.Subscription
	for _, subject := range s.subjects {
		subscription, err := conn.Subscribe(subject, s.take)
		if err != nil {
			return fmt.Errorf("subscribe to %s: %w", subject, err)
		}
		n := len(s.subjects)
		if err := subscription.SetPendingLimits(max(pendingMessages/n, batchLen), max(pendingBytes/n, pendingBytes/64)); err != nil {
			return fmt.Errorf("limit subscription to %s: %w", subject, err)
		}
		list = append(list, subscription)
	}
	s.subscriptions.replace(list)
	return nil
}

// take hands a message to Run.
func (s *source) take(m *nats.Msg) {
	select {
	case s.messages <- m:
	case <-s.done:
	}
}

func (s *subscriptions) replace(list []*nats.Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, lost := range s.lost {
		s.base += lost
	}
	s.list, s.lost = list, make([]uint64, len(list))
}

// count returns how many messages found no room. A subscription whose connection has ended
// can't be asked any more.
func (s *subscriptions) count() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := s.base
	for i, subscription := range s.list {
		if lost, err := subscription.Dropped(); err == nil {
			s.lost[i] = uint64(lost)
		}
		sum += s.lost[i]
	}
	return sum
}

// Lost is [pipeline.LossySource]: messages that found no room because the pipeline was slow.
func (s *source) Lost() uint64 { return s.subscriptions.count() }
