package hostcheck

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// capability looks whether a process started like this one has a capability.
func capability(name string) Finding {
	value, err := cap.FromName(strings.ToLower(name))
	if err != nil {
		return Finding{Level: Problem, State: "is not known to this program"}
	}
	if has, err := cap.GetProc().GetFlag(cap.Effective, value); err == nil && has {
		return Finding{State: "is available"}
	}
	return Finding{
		Level: Problem, State: "is missing",
		Advice: "run as root, or give the service AmbientCapabilities=" + name,
	}
}

// nflogGroups is the kernel's list of groups that have a reader, for root.
const nflogGroups = "/proc/thread-self/net/netfilter/nfnetlink_log"

func (c *checker) nflogGroup(group uint16) {
	c.once(fmt.Sprintf("nflog group %d", group), func() []Finding {
		taken, err := nflogGroupTaken(group)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return one(Finding{Level: Problem, State: "can't be read: the kernel has no nfnetlink_log", Advice: "modprobe nfnetlink_log"})
		case err != nil:
			return one(Finding{Level: Warning, State: "may be in use: only root may read " + nflogGroups, Advice: "run this as root"})
		case taken:
			return one(Finding{Level: Problem, State: "is in use by another program", Advice: "stop that program, or use another group in the rule and here"})
		}
		return one(Finding{State: "is free"})
	})
}

// nflogGroupTaken looks for the group at the beginning of a line
// (net/netfilter/nfnetlink_log.c, seq_show).
func nflogGroupTaken(group uint16) (bool, error) {
	f, err := os.Open(nflogGroups)
	if err != nil {
		return false, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 0 && fields[0] == fmt.Sprint(group) {
			return true, nil
		}
	}
	return false, nil
}
