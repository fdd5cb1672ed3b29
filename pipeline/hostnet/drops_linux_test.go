package hostnet_test

import (
	"os"
	"strings"
)

// netlinkDrops reports whether a netlink socket of the calling thread's namespace has
// lost messages: the column Drops of /proc/net/netlink.
func netlinkDrops() (bool, error) {
	text, err := os.ReadFile("/proc/thread-self/net/netlink")
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 8 && fields[8] != "0" && fields[8] != "Drops" {
			return true, nil
		}
	}
	return false, nil
}
