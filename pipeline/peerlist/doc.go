// Package peerlist has what sinks share that send one message to every host of a list:
// the addresses and names of a configuration, what they stand for now, sending to all of
// them, and counters of each.
//
// A [List] is made from a [Config] and keeps itself up to date between Open and Close.
// Names are looked up again and again; a name that can't be looked up keeps its last
// addresses. This host's own addresses, which netlink reports when they change, and
// duplicates are skipped. A sink asks for the [Plan] with each message, and sends with
// [Fanout.Send]: one system call for up to 1,024 peers.
//
// # Link-local addresses
//
// An address such as fe80::1%eth0 names the interface that it is on. While there is no
// such interface the peer is skipped. Names are never looked up to link-local addresses.
//
// # Failures
//
// Each peer stands for itself: a send that fails is counted for that peer and
// sending goes on behind it, at the price of one or two more system calls. Nothing
// waits for a peer.
//
// What the kernel takes counts as sent. It reports neither a neighbour that does not
// answer nor of an interface without carrier, unless the sysctl
// ignore_routes_with_linkdown makes a route of that no route.
//
// What the kernel holds back while it looks for a dead neighbour's hardware address
// is charged to the socket's send buffer for some 3 s. The buffer is as large as the
// system allows: net.core.wmem_max, or 64 MiB with CAP_NET_ADMIN. Where
// net.core.wmem_max is 212,992 bytes, some twenty dead neighbours and ten messages a
// second can fill it. Then sends fail as queue-full; raise net.core.wmem_max there.
package peerlist
