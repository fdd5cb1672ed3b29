// Package inject has the sink `inject`, which hands whole IP packets to the host's own network
// stack as if they had arrived. It needs Linux and CAP_NET_RAW, and CAP_NET_ADMIN if it makes
// its device.
//
// A copy that is broadcast or readdressed reaches sockets of the host only. Containers behind
// destination NAT need the message whole: Linux forwards nothing that came as a link-layer
// broadcast, and conntrack relates an ICMP error to a connection only if its outer destination
// is the quoted source.
//
// # The device
//
// The sink makes a veth pair: the device, pmtud0 by default, and its other end, whose name has
// an x behind it. A packet socket sends frames into the other end, so they arrive at the device.
// Their source is [linklayer.InjectedMAC], which is also the address of the other end. The device
//
//   - has an IPv4 address of its own (169.254.77.1/32), because loose rp_filter drops all packets
//     of a device that has none,
//   - has rp_filter 0, or 2 where net.ipv4.conf.all.rp_filter is 1, since the greater value holds,
//   - has accept_local 1, so a PTB whose router is this host is no martian,
//   - forwards IPv4 if the host forwards on any other device, and
//   - has no IPv6 address and thus no duplicate address detection or router solicitations.
//
// What somebody else changes of all this is repaired, at most once a second. The end of the sink
// removes the device, and its start removes what a killed predecessor left. A veth pair whose
// other end has InjectedMAC is a predecessor's. Any other device of that name is an error.
//
// With create: false the device was made beforehand, CAP_NET_RAW is enough, and the sink changes
// nothing. It may be one end of a veth pair, both ends in the same network namespace, or lo.
//
// # Passing an interface's ingress
//
// With as_from: eth0 whatever arrives at the device is redirected to the ingress of eth0 (tc
// ingress qdisc, u32 filter, mirred action). So it passes what sits there: tc and eBPF programs,
// a bridge, firewall rules with -i eth0. It also passes the packet sockets of eth0, where a capture
// recognises it by its source address. If eth0 is a port of a bridge, frames carry the address of
// the bridge, which takes them in.
//
// # The guard
//
// A host that has no such connection must not route a message back to the router that would
// return it. So there are policy rules for IPv4 and IPv6, for packets that arrive at the device:
//
//	10: from all iif pmtud0 lookup local
//	11: from all iif pmtud0 lookup main suppress_prefixlength 0
//	12: from all iif pmtud0 blackhole
//
// Only what has a route that is no default route goes anywhere. With as_from, packets arrive at an
// interface that has other traffic. There the rules have fwmark instead of iif, and the packet
// socket marks what it sends (setting mark). The rules carry the routing protocol number 112,
// which makes them the sink's own, and go with the device. They come before the rule of VRFs (l3mdev),
// so an interface that is in a VRF can be passed only with mark: 0, without them.
//
// A packet's TTL or hop limit is lowered so that it bounds what happens without the guard. It
// becomes at most 8 while the rules are in place: the hops of every known data plane fit, and the
// rules may be deleted by somebody else. It becomes at most the setting ttl, 3 by default, where
// the guard can't be set, with as_from, and with create: false. Two reach a container of this
// host, three one of another host behind masquerading. It is never raised.
//
// # Nothing twice
//
// The same IP packet, TTL aside, is injected once in two seconds (package seen). All that is
// injected is added to [pipeline.Env].Arrived before it is sent, so that stages which see it
// without its source address recognise it by its content. A copy whose TTL is 1 is not remembered:
// it reaches sockets of this host only, and may come back from the router before the whole message
// comes from a peer.
package inject
