package nflog

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// quietTime is how long the log says nothing after it told of lost packets.
const quietTime = 10 * time.Second

// loss counts lost packets by the numbers that the kernel gives to those of a
// group, and by its word that a message found no room in the socket's buffer
// (ENOBUFS). That word comes before the packets that did find room, and the gap
// in their numbers after them: so each word counts as one packet, until a gap
// says how many there were.
type loss struct {
	lost   atomic.Uint64
	next   uint32 // number of the next packet
	begun  bool   // next is known
	owed   uint32 // counted on the kernel's word, not found in a gap yet
	log    *slog.Logger
	told   uint64    // of lost, in the log
	silent time.Time // until then
}

// overrun counts a packet that found no room.
func (l *loss) overrun() {
	l.lost.Add(1)
	l.owed++
}

// see takes the number of a packet that was read.
func (l *loss) see(number uint32) {
	gap := number - l.next
	if !l.begun {
		gap, l.begun = 0, true
	}
	l.next = number + 1
	if gap == 0 {
		return
	}
	known := min(gap, l.owed)
	l.owed -= known
	l.lost.Add(uint64(gap - known))
}

// report logs how many packets were lost since it last did, if it may.
func (l *loss) report(now time.Time) {
	if lost := l.lost.Load(); lost != l.told && !now.Before(l.silent) {
		l.tell(lost)
		l.silent = now.Add(quietTime)
	}
}

// end logs what report has not.
func (l *loss) end() {
	if lost := l.lost.Load(); lost != l.told {
		l.tell(lost)
	}
}

func (l *loss) tell(lost uint64) {
	l.log.Warn("packets lost: the netlink socket's buffer was full", "packets", lost-l.told, "total", lost)
	l.told = lost
}
