package peers

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/peerlist"
)

// openSockets opens raw ICMP sockets (raw(7)) that send and never receive, for the families
// of the list. The kernel writes the IP header, chooses the source address, and computes
// the checksum of ICMPv6.
func openSockets(s *peerlist.Sockets, list *peerlist.List) (err error) {
	ipv4, ipv6 := list.Families()
	if ipv4 {
		s.IPv4, err = openSocket("raw ICMP", unix.AF_INET, unix.IPPROTO_ICMP, prepareIPv4)
	}
	if ipv6 && err == nil {
		s.IPv6, err = openSocket("raw ICMPv6", unix.AF_INET6, unix.IPPROTO_ICMPV6, prepareIPv6)
	}
	return err
}

func openSocket(name string, family, protocol int, prepare func(fd int) error) (*peerlist.Socket, error) {
	s, err := peerlist.OpenSocket(peerlist.SocketOptions{
		Name: name, Family: family, Type: unix.SOCK_RAW, Protocol: protocol, Prepare: prepare,
	})
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("%w (the capability CAP_NET_RAW is missing)", err)
	}
	return s, err
}

// prepareIPv4 blocks what ICMP_FILTER can block, which is all types below 32, and
// lets routers fragment, as the kernel does for its own ICMP messages (icmp_init in
// net/ipv4/icmp.c). It has the socket take no path MTU from others: for a raw ICMP socket
// the kernel would believe each PTB about an ICMP message, without proof (raw_err in
// net/ipv4/raw.c, ip_sk_accept_pmtu). Only with IP_RECVERR is a full interface queue an error, as it
// always is for IPv6 (raw_sendmsg in net/ipv4/raw.c). It asks for asynchronous
// errors too, but these fail no send of a raw socket, and the receive buffer bounds
// what is kept of them.
func prepareIPv4(fd int) error {
	return errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_RAW, unix.ICMP_FILTER, -1),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_OMIT),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1),
	)
}

// prepareIPv6 blocks all types (RFC 3542, section 3.2).
func prepareIPv6(fd int) error {
	var all unix.ICMPv6Filter
	for i := range all.Data {
		all.Data[i] = ^uint32(0)
	}
	return unix.SetsockoptICMPv6Filter(fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, &all)
}
