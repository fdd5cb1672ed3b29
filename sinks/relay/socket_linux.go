package relay

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/peerlist"
)

// protocol is UDP. The sockets are bound to a free port with the first send.
func protocol(ipv6 bool) peerlist.SocketOptions {
	if ipv6 {
		return peerlist.SocketOptions{
			Name: "UDP over IPv6", Family: unix.AF_INET6, Type: unix.SOCK_DGRAM, Prepare: prepareIPv6, LateErrors: true,
		}
	}
	return peerlist.SocketOptions{
		Name: "UDP", Family: unix.AF_INET, Type: unix.SOCK_DGRAM, Prepare: prepareIPv4, LateErrors: true,
	}
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
