package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// NewTUN makes an interface without link layer and returns the file that stands for its cable,
// until the test ends. It skips the test where the system has no such interfaces.
func NewTUN(tb testing.TB, ns *NS, name string) *os.File {
	tb.Helper()
	var fd int
	err := ns.Do(func() (err error) {
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0); err != nil {
			return err
		}
		request, err := unix.NewIfreq(name)
		if err != nil {
			return errors.Join(err, unix.Close(fd))
		}
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
			return errors.Join(fmt.Errorf("add TUN interface %s in %s: %w", name, ns.Name, err), unix.Close(fd))
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		tb.Skipf("no TUN interfaces: %v", err)
	}
	Must(tb, err)
	f := os.NewFile(uintptr(fd), "tun")
	tb.Cleanup(func() { f.Close() })
	return f
}
