package hostnet

import (
	"errors"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// groups are the multicast groups of rtnetlink(7) that announce changes.
const groups = unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR

// settle is how long the watcher waits after a change for others that belong to it.
const settle = 50 * time.Millisecond

// retry is how long the watcher waits after looking failed.
const retry = time.Second

// Watcher calls a function when the host's interfaces or addresses may have changed.
type Watcher struct {
	conn     *netlink.Conn
	raw      syscall.RawConn
	look     func() error
	interval time.Duration // 0: only when something is announced
	log      *slog.Logger
	trouble  string // what the log was told last

	closing, done chan struct{}
}

// Watch calls look, and then again after each change, from a goroutine of its own,
// until Close. An error of the first call is returned; later ones are logged, and the
// call is repeated. What changes while look runs is a reason to call it again.
func Watch(look func() error, log *slog.Logger) (*Watcher, error) { return WatchAlso(0, 0, look, log) }

// WatchAlso is [Watch] for changes of further multicast groups of rtnetlink(7), a set of
// 1<<(group-1), and, with an interval that is not 0, for what the kernel announces to nobody,
// such as most sysctls: it also calls look when nothing was announced for so long.
func WatchAlso(further uint32, interval time.Duration, look func() error, log *slog.Logger) (*Watcher, error) {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{Groups: groups | further})
	if err != nil {
		return nil, fmt.Errorf("watch network interfaces: %w", err)
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		err = look()
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	w := &Watcher{
		conn: conn, raw: raw, look: look, interval: interval, log: log,
		closing: make(chan struct{}), done: make(chan struct{}),
	}
	go w.run()
	return w, nil
}

// Close ends the calls and waits for one that is under way. Nil is closed already.
func (w *Watcher) Close() error {
	if w == nil {
		return nil
	}
	close(w.closing)
	err := w.conn.Close()
	<-w.done
	return err
}

func (w *Watcher) run() {
	defer close(w.done)
	for w.setDeadline(nil); w.wait(); {
		err := w.look()
		w.report(err)
		w.setDeadline(err)
	}
}

// setDeadline sets when to look again, after this error, if nothing is announced.
func (w *Watcher) setDeadline(err error) {
	var deadline time.Time
	switch {
	case err != nil:
		deadline = time.Now().Add(retry)
	case w.interval > 0:
		deadline = time.Now().Add(w.interval)
	}
	_ = w.conn.SetReadDeadline(deadline) // fails when it is closed, as wait notices
}

// report logs an error that is not the one before.
func (w *Watcher) report(err error) {
	trouble := ""
	if err != nil {
		trouble = err.Error()
	}
	if trouble != "" && trouble != w.trouble {
		w.log.Warn("can't list network interfaces", "error", err)
	}
	w.trouble = trouble
}

// wait returns true when it is time to look again, false when the watcher is closed.
func (w *Watcher) wait() bool {
	// Read fails when the deadline has passed or the watcher is closed.
	_ = w.raw.Read(func(fd uintptr) bool { return take(int(fd)) })
	select {
	case <-w.closing:
		return false
	case <-time.After(settle):
	}
	_ = w.raw.Read(func(fd uintptr) bool {
		for take(int(fd)) {
		}
		return true
	})
	return true
}

// take takes a message from the socket and reports whether there was one. One that
// was lost counts (ENOBUFS).
func take(fd int) bool {
	var buf [1]byte // the kernel cuts off the rest
	_, err := unix.Read(fd, buf[:])
	return !errors.Is(err, unix.EAGAIN)
}
