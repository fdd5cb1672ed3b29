package netns

import (
	"errors"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Slow has an interface send a kilobyte per second, and queue two. It skips the test where the
// kernel has no token bucket for interfaces.
func Slow(tb testing.TB, ns *NS, name string) {
	tb.Helper()
	err := ns.Do(func() error {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		return netlink.QdiscAdd(&netlink.Tbf{
			QdiscAttrs: netlink.QdiscAttrs{LinkIndex: link.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT},
			Rate:       1000, Buffer: netlink.Xmittime(1000, 2000), Limit: 2000,
		})
	})
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP) {
		tb.Skipf("no token bucket for interfaces: %v", err)
	}
	Must(tb, err)
}
