// Package peers has the sink `peers`, which sends the ICMP message of a PTB to
// every host of a list, each in a new IP packet by normal routing.
//
// # What is sent
//
// A peer of the message's own address family gets the bytes from the ICMP header
// to the end of the packet. The end is where the IP header's length says, so
// Ethernet padding stays behind (the original daemon sends it along). A length
// that lies is not believed: where it ends before the ICMP header does, or beyond
// what was captured, the message ends with the captured bytes, as the original's
// does. ICMPv4 is sent as it came, bad checksum or not, since its checksum covers
// no address; the ICMPv6 checksum covers both addresses, and the kernel always
// recomputes it (RFC 3542, section 3.1).
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
// a peer sent it from an address that both have, such as a service's.
//
// The list may name other addresses than those that peers send from: second addresses,
// or addresses behind NAT. Two more things make sure that nothing goes round there. A
// message to an address of this host that quotes a packet from another address is a copy,
// since routers send a message to the source of the packet that it is about. And the sink
// remembers for two seconds what it was given, by the ICMP message itself and whatever the
// addresses around it: one that comes again with a lower TTL or hop limit went round. A
// router repeats itself with the same TTL. The memory holds 65,536 messages and is keyed,
// so nobody can make a message look like another one. So a message reaches each peer once.
//
// Addresses are compared by family: an IPv6 packet from ::ffff:192.0.2.2
// does not come from 192.0.2.2, which never sends such packets.
//
// # A limit
//
// One message is sent to all peers, so a flood of messages becomes a larger one. The
// configuration is refused if no filter before the sink limits the rate of all packets
// together, as iface-rate does, unless unlimited insists on it.
//
// # Failures
//
// See [github.com/pmtud/pmtud/pipeline/peerlist].
package peers
