// Package peers has the sink `peers`, which sends the ICMP message of a PTB to
// every host of a list, each in a new IP packet by normal routing.
//
// # What is sent
//
// A peer of the message's own address family gets the octets from the ICMP header
// to the end of the packet. The end is where the IP header's length says, so
// Ethernet padding stays behind (the original daemon sends it along). A length
// that lies is not believed: where it ends before the ICMP header does, or beyond
// what was captured, the message ends with the captured octets, as the original's
// does. ICMPv4 is sent as it came, bad checksum or not, since its checksum covers
// no address; the ICMPv6 checksum covers both addresses, and the kernel always
// computes it anew (RFC 3542, section 3.1).
//
// The TTL or hop limit is one less than the message came with. A message that
// came with 1 or 0 is not sent (the original sends 0 on with the host's default).
// The source address is the kernel's choice by routing.
//
// # No loops
//
// A message whose outer source is a peer's address is never sent on. Neither is
// one from an address of this host to a peer, which the sink sent itself (a rule may
// log what goes out), nor one from an address of this host to an address of this host:
// a peer sent it from an address that both have, such as a service's. That covers
// peers that send from the address that the others list. So list the address that a
// peer's route to the others uses, not another one of that host, for which the falling
// TTL is the only bound. Addresses are compared by family: an IPv6 packet from ::ffff:192.0.2.2
// does not come from 192.0.2.2, which never sends such packets.
//
// # Failures
//
// Each peer stands for itself: a send that fails is counted for that peer and
// sending goes on behind it, at the price of one or two more system calls. Nothing
// waits for a peer.
//
// What the kernel takes counts as sent. It tells neither of a neighbour that does not
// answer nor of an interface without carrier, unless the sysctl
// ignore_routes_with_linkdown makes a route of that no route.
//
// What the kernel holds back while it looks for a dead neighbour's hardware address
// is charged to the socket's send buffer for some 3 s. The buffer is as large as the
// system allows: net.core.wmem_max, or 64 MiB with CAP_NET_ADMIN. Where
// net.core.wmem_max is 212,992 octets, some twenty dead neighbours and ten messages a
// second can fill it. Then sends fail as queue-full; raise net.core.wmem_max there.
package peers
