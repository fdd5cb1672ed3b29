package cache_test

import (
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

func readFile(name string) ([]byte, error) { return os.ReadFile(name) }

func writeFile(name string, data []byte) error { return os.WriteFile(name, data, 0) }

// sendFrom sends 1500 bytes from a socket that is not connected, bound to a device if one is
// named, and returns the socket, without which nobody would take the router's answer.
func sendFrom(device, host string) (fd int, err error) {
	addr := netip.MustParseAddr(host)
	family, headers := unix.AF_INET, 28
	var to unix.Sockaddr
	if addr.Is4() {
		to = &unix.SockaddrInet4{Port: 9, Addr: addr.As4()}
	} else {
		family, headers = unix.AF_INET6, 48
		to = &unix.SockaddrInet6{Port: 9, Addr: addr.As16()}
	}
	if fd, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return fd, err
	}
	if device != "" {
		err = unix.BindToDevice(fd, device)
	}
	if err == nil {
		err = unix.Sendto(fd, make([]byte, 1500-headers), 0, to)
	}
	if err != nil {
		unix.Close(fd)
	}
	return fd, err
}
