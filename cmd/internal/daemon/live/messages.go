package live

import (
	"hash/maphash"
	"net/netip"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// messageSlots is about how many clients are remembered for each pipeline, in 48 bytes each.
const messageSlots = 4096

// Message is the last one about the path to a client.
type Message struct {
	Client, Router netip.Addr
	MTU            uint32
	At             time.Time // of the capture
}

// messages remembers the last message about each of the last clients. Each client has one slot,
// which it may have to leave to another one. The hash is keyed, as messages may be forged.
type messages struct {
	seed  maphash.Seed
	slots []messageSlot // nil before the first message
}

type messageSlot struct {
	client, router address
	mtu            uint32
	at             pipeline.Instant
}

func newMessages() messages { return messages{seed: maphash.MakeSeed()} }

func (m *messages) add(s sample) {
	if !s.hasMTU {
		return
	}
	if m.slots == nil {
		m.slots = make([]messageSlot, messageSlots) // once
	}
	key := address(s.client.As16())
	m.slots[maphash.Bytes(m.seed, key[:])%messageSlots] = messageSlot{key, s.router.As16(), s.mtu, s.at}
}

// Messages returns the last message about each of the last clients, in no order. Of a flood only
// the packets of the sample count.
func (l *Live) Messages() []Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := map[netip.Addr]Message{}
	for _, w := range l.watches {
		w.lists.eachMessage(func(m Message) {
			if m.At.After(last[m.Client].At) {
				last[m.Client] = m
			}
		})
	}
	all := make([]Message, 0, len(last))
	for _, m := range last {
		all = append(all, m)
	}
	return all
}

func (l *Lists) eachMessage(f func(Message)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count()
	l.looked = time.Now()
	for _, s := range l.messages.slots {
		if s.client != (address{}) {
			f(Message{s.client.addr(), s.router.addr(), s.mtu, s.at.Time()})
		}
	}
}
