// Package relay has the sink `relay`, which sends the IP packet of a PTB whole, outer
// addresses included, to every host of a list: sealed and in a UDP datagram. There the
// source `relay` receives it and a sink such as `inject` hands it to the host's network
// stack. So it reaches containers and services behind NAT, which the re-addressed copies
// of the sink `peers` do not.
//
// # What is sent
//
// The datagram holds the bytes of the IP packet, from its IP header to its end, in the
// format of [github.com/pmtud/pmtud/pipeline/sealed]. Nothing is changed but the TTL or
// hop limit, which is one lower, and with it the IPv4 header checksum. A packet
// that came with 1 or 0 is not sent. Ethernet padding is not part of it. A packet of more
// than 1,400 bytes is not sent: its datagram would not fit into an MTU of 1,500. PTBs have
// at most 1,280 bytes in IPv6 (RFC 4443) and 576 in IPv4 (RFC 1812).
//
// The message is sealed once for all peers and goes to all of them whatever its IP version
// is. A name with addresses of both families is sent to by one: IPv4 if this host has an
// IPv4 address. A host that is listed by an address of each family gets everything twice,
// and its source drops the second datagram.
//
// # Nothing goes round
//
// The engine gives the sink nothing that came from a relay or that was injected
// ([pipeline.ReachNetwork]), whether it is marked as such or known by its content. The
// sink sends the same IP packet once in two seconds, however often it is captured with
// whatever TTL: a packet that no host wants bounces between router and hosts until its TTL
// is used up. A router that repeats itself sends another IP identification or quotes
// another packet.
//
// A message whose router has a peer's address is not sent either. A host that masquerades
// translates a message about another host's container, router included. It routes the message
// to that host, the only one that can use it.
//
// # In a replay
//
// A replay records the IP packet as it would be sealed, once: datagrams are different each
// time.
//
// # Failures
//
// See [github.com/pmtud/pmtud/pipeline/peerlist]. IPv4 datagrams may be fragmented on their
// way.
package relay
