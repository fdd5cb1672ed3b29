package peers

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/peerlist"
)

// protocol is that of raw ICMP sockets (raw(7)) that send and never receive. The kernel
// writes the IP header, chooses the source address, and computes the checksum of ICMPv6.
func protocol(ipv6 bool) peerlist.SocketOptions {
	if ipv6 {
		return peerlist.SocketOptions{
			Name: "raw ICMPv6", Family: unix.AF_INET6, Type: unix.SOCK_RAW, Protocol: unix.IPPROTO_ICMPV6, Prepare: prepareIPv6,
		}
	}
	return peerlist.SocketOptions{
		Name: "raw ICMP", Family: unix.AF_INET, Type: unix.SOCK_RAW, Protocol: unix.IPPROTO_ICMP, Prepare: prepareIPv4,
	}
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
