package hostnet

import "golang.org/x/sys/unix"

// indexOf returns the index of the interface that has the name, be it an alternative one
// (netdevice(7), SIOCGIFINDEX), or 0.
func indexOf(name string) int {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return 0
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, request); err != nil {
		return 0
	}
	return int(request.Uint32())
}
