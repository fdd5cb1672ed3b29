package nflog

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// explain says why a group could not be bound. The kernel gives no other reason
// for a group that is taken than for missing privileges: EPERM, in
// nfulnl_recv_config.
func explain(group uint16, err error) error {
	atGroup := strings.Contains(err.Error(), "requested group")
	cause := errno(err)
	switch {
	case atGroup && (cause == unix.EPERM || cause == unix.EBUSY || cause == unix.EEXIST):
		return fmt.Errorf("bind group %d: in use by %s: %w", group, holder(group), unix.EBUSY)
	case cause == unix.EPERM:
		return fmt.Errorf("bind group %d: the capability CAP_NET_ADMIN is missing: %w", group, cause)
	case cause == unix.EINVAL || cause == unix.EPROTONOSUPPORT || cause == unix.EAFNOSUPPORT:
		return fmt.Errorf("bind group %d: the kernel has no nfnetlink_log; load it with modprobe nfnetlink_log: %w", group, err)
	}
	return fmt.Errorf("bind group %d: %w", group, err)
}

// errno returns the error of the system that caused err, 0 if there is none.
// go-nflog gives it as text only.
func errno(err error) unix.Errno {
	var cause unix.Errno
	if errors.As(err, &cause) {
		return cause
	}
	for _, e := range []unix.Errno{unix.EPERM, unix.EBUSY, unix.EEXIST, unix.EINVAL} {
		if strings.HasSuffix(err.Error(), e.Error()) {
			return e
		}
	}
	return 0
}

// groupTable lists the groups of the calling thread's network namespace. The file
// is readable by root only, whatever the capabilities.
const groupTable = "/proc/thread-self/net/netfilter/nfnetlink_log"

// holder says who has bound the group. The port of a process's first netlink
// socket is its process number; others have none that means something.
func holder(group uint16) string {
	port := portOf(group)
	if port == 0 {
		return "another socket"
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", port))
	if err != nil {
		return fmt.Sprintf("the netlink socket with port %d", port)
	}
	return fmt.Sprintf("process %d (%s)", port, strings.TrimSpace(string(name)))
}

// portOf returns the netlink port that has bound the group, 0 if that can't be known.
func portOf(group uint16) (port int) {
	table, _ := os.ReadFile(groupTable)
	for line := range strings.Lines(string(table)) {
		var number uint16 // group, port, queued, copy mode, copy range, timeout, users
		if _, err := fmt.Sscan(line, &number, &port); err == nil && number == group {
			return port
		}
	}
	return 0
}
