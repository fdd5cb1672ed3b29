package pipeline

import "time"

// maxHold is the longest backward step of time stamps that a clock waits out.
const maxHold = 10 * time.Second

// clock turns the time stamps of packets into a time that never runs backwards.
// It shows the greatest time stamp so far. So when time stamps step back a
// little (packets of two interfaces, a small correction of the host's clock), it
// stands still until they have caught up. When they step back by more than
// maxHold (a large correction, a capture that starts over), the clock goes on
// from where it is at the pace of the new time stamps: it never stands still for
// longer than maxHold of them, and a limiter neither refills at the step nor
// starves after it. Packets without a time stamp leave it where it is. The zero value
// is ready.
type clock struct {
	now    Instant
	offset Instant // of now from the time stamps, after steps back
	begun  bool
}

// Advance moves the clock to a packet's time stamp, 0 for none, and returns its time.
func (c *clock) Advance(stamp Instant) Instant {
	t := stamp + c.offset
	switch {
	case stamp == 0: // as if it stepped back to 1970, and forward again with the next
	case t >= c.now:
		c.now = t
	case !c.begun: // time stamps before 1970
		c.now = t
	case t < c.now-Instant(maxHold):
		c.offset += c.now - t
	}
	c.begun = true
	return c.now
}
