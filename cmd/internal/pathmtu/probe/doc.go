// Package probe measures path MTUs as an ordinary user, hop by hop, and finds black holes.
//
// Probes are UDP datagrams that may not be fragmented (IP_PMTUDISC_PROBE), each from a socket
// of its own, so that an error on a socket belongs to one probe. Where the kernel lets the
// user have ping sockets, the host is asked by ICMP echo too, whose answers no one limits.
//
// The device's MTU is tried first. Each "packet too big" gives the next size, so a path whose
// routers answer takes one probe per narrowing hop. Where large probes get no answer and small
// ones do, probes with a limited TTL name the hop behind which they vanish, and a search finds
// the largest size that arrives (RFC 4821, RFC 8899). Small probes to the same hop go along:
// routers limit how often they answer, and a limit is no black hole.
//
// What a router says changes this host: its kernel holds the path MTU for all processes, mostly
// for ten minutes. Probes have a port each, so routers that balance by ports may lead them over
// several paths.
package probe
