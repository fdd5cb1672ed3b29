package relay

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/peerlist"
)

// openSockets opens UDP sockets for the families of the list. They are bound to a free port
// with the first send.
func openSockets(s *peerlist.Sockets, list *peerlist.List) (err error) {
	ipv4, ipv6 := list.Families()
	if ipv4 {
		s.IPv4, err = openSocket("UDP", unix.AF_INET, prepareIPv4)
	}
	if ipv6 && err == nil {
		s.IPv6, err = openSocket("UDP over IPv6", unix.AF_INET6, prepareIPv6)
	}
	return err
}

func openSocket(name string, family int, prepare func(fd int) error) (*peerlist.Socket, error) {
	return peerlist.OpenSocket(peerlist.SocketOptions{
		Name: name, Family: family, Type: unix.SOCK_DGRAM, Prepare: prepare, LateErrors: true,
	})
}

// prepareIPv4 lets routers fragment. Only with IP_RECVERR is a full interface queue an
// error (udp_send_skb in net/ipv4/udp.c). With it the socket also reports peers that do not
// listen, at the next send.
func prepareIPv4(fd int) error {
	return errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1),
	)
}

func prepareIPv6(fd int) error {
	return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
}
