package pcap

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/mdlayher/packet"
)

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// deadline is the time until which the source waits for packets, on any of its sockets.
type deadline struct {
	conns   []*packet.Conn
	forever atomic.Bool // it has passed for good
}

// set sets the deadline, zero for none, unless it has passed for good. It fails after Close only.
func (d *deadline) set(t time.Time) error {
	err := d.setAll(t)
	if d.forever.Load() {
		err = d.setAll(past)
	}
	return err
}

// pass ends all waiting for good. Unlike set it is safe for concurrent use, even after Close.
func (d *deadline) pass() {
	d.forever.Store(true)
	_ = d.setAll(past)
}

func (d *deadline) setAll(t time.Time) (err error) {
	for _, conn := range d.conns {
		err = errors.Join(err, conn.SetReadDeadline(t))
	}
	return err
}
