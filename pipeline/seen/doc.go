// Package seen remembers messages by their content, so that a copy that comes back is
// recognised whichever way it took.
//
// Addresses and a falling TTL bound a loop only where every host is known by the address
// that it sends from. The content does not depend on that. Two digests tell packets apart:
//
//   - [Memory.Packet] covers a whole IP packet, but not what a router changes on its way: the
//     TTL or hop limit, the traffic class, the ECN bits and the IPv4 header checksum. A message
//     that a router really repeats has another IP identification or quotes another segment.
//   - [Memory.Message] covers an ICMP message without its checksum and so without any address
//     outside of it. It is for copies that were given new IP headers.
//
// Digests are 64 bits of SipHash-2-4 with a secret of the Memory. Nobody who does not know it
// can make two messages that look the same. A Memory is bounded when it is made.
package seen
