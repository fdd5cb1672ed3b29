package hostnet

import (
	"os"

	"golang.org/x/sys/unix"
)

// Index returns the index of the interface that has the name, be it an alternative one
// (netdevice(7), SIOCGIFINDEX). fd is any socket. The error is ENODEV if there is none.
func Index(fd int, name string) (int, error) {
	request, err := unix.NewIfreq(name)
	if err != nil { // longer than any name
		return 0, unix.ENODEV
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, request); err != nil {
		return 0, os.NewSyscallError("SIOCGIFINDEX", err)
	}
	return int(request.Uint32()), nil
}

// indexOf is [Index], or 0.
func indexOf(name string) int {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer func() { _ = unix.Close(fd) }()
	index, _ := Index(fd, name)
	return index
}
