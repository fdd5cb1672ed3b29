// Package canary has the test messages by which the daemons of a cluster find out whether
// their copies arrive: each sends one again and again through its own sinks, and the others
// count from whom they heard one, by which way and when.
//
// # Nobody acts on one
//
// A canary has the form of a PTB, so that switches, routers and firewalls treat it as they
// treat the copies of real ones. It does nothing anywhere:
//
//   - The addresses are those of documentation (RFC 5737, RFC 3849), which no host has: the
//     router's, the target's and those of the quoted packet. The sink peers sends the message
//     to a peer's own address, as it does with all messages.
//   - The quoted packet is of protocol 253 (RFC 3692), for which Linux has no handler: no socket
//     is looked for and no route learns an MTU (icmp_unreach in net/ipv4/icmp.c, icmpv6_notify in
//     net/ipv6/icmp.c). UDP would not do, since a socket that is not connected matches
//     any address, nor would ICMP, whose handler believes every message.
//   - The next-hop MTU is 0. The original daemon and the filter `mtu` of pmtud, which its default
//     pipeline has, drop it as bad-mtu. Both ignore broadcast frames anyway.
//
// The engine drops a canary before the first filter, in every pipeline and whether or not the daemon
// sends any itself, and counts it as dropped by stage `engine` with the reason `canary`. So no sink
// forwards one, nor hands one to the host's network stack.
//
// # Who hears what
//
// An [Ear] hears what sources deliver: copies of the sink peers, packets from relay and nats, and
// broadcasts. The kernel filter of a capture leaves broadcast frames in the kernel. While
// canaries are on, it looks at those, and at no others, for the few bytes that make a canary.
// Other traffic is filtered as without.
//
// What a packet socket sees has passed the network but not the host's own firewall, and a source
// nflog sees no broadcasts: their target is no address of the host, so they never pass INPUT.
//
// # Format
//
// All numbers are big endian. What follows the quoted IP header is
//
//	 0  12 bytes  "pmtud canary"
//	12   1        version of the format, 1
//	13   1        length of the name, 1 to 63
//	14   1        number of addresses, at most 12
//	15   1        0
//	16   8        instance: a random number for each configuration that the sender has loaded
//	24   8        sequence: one more with each canary that the instance sends
//	32   4        interval in milliseconds: the time between two canaries is no longer
//	36            name, then addresses: each a byte that is 4 or 6, and 4 or 16 bytes
//
// The addresses are the sender's own. A server on a list of peers is known by them.
//
// # Forgers
//
// A canary is not signed. Only what came by relay or nats with a key is known to be from a
// host with the key. Whoever can send PTBs to a host can
//
//   - have a server look alive that is not, by sending canaries in its name,
//   - make up to [MaxPeers] servers up, which are reported as not heard once it stops, for a week,
//   - and keep servers from being noticed that were not known before, as long as it goes on.
//
// It can't do more. A name enters the table with its second canary only, and no name that
// is in it has to go for another one unless it has been silent for a week. What finds no room is
// counted. Memory is bounded when an Ear is made, but for the names and addresses of the
// table: at most 400 kB. A forged canary causes nothing to be sent.
package canary
