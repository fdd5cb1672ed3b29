package peerlist

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestFailureOf has the errors of sendmmsg(2) that no test can have the kernel give at
// will, and their neighbours.
func TestFailureOf(t *testing.T) {
	for errno, want := range map[unix.Errno]string{
		unix.ENOBUFS: "queue-full", unix.EAGAIN: "queue-full", unix.ENOMEM: "queue-full",
		unix.ENETUNREACH: "no-route", unix.EHOSTUNREACH: "no-route", unix.EINVAL: "no-route",
		unix.EACCES: "prohibited", unix.EPERM: "prohibited",
		unix.EMSGSIZE: "too-long",
		unix.ENETDOWN: "interface-down", unix.ENXIO: "interface-down", unix.ENODEV: "interface-down",
		unix.EIO: "other", unix.EFAULT: "other", unix.ECONNREFUSED: "other",
	} {
		if got := failureNames[failureOf(errno)]; got != want {
			t.Errorf("%v: %s, want %s", errno, got, want)
		}
	}
}
