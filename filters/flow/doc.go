// Package flow has the filter `flow`, which asks the kernel whether this host has the
// connection that a message is about.
//
//   - With `match: here` a message passes if it has. That is for the receiving side of a
//     relay: only what somebody here can use is injected, and the number of messages
//     that passed is the number of times that this server was healed.
//   - With `match: elsewhere` a message passes if it has not. That is for the sending side:
//     what arrived at the right server need not be sent to the others.
//
// # What is asked
//
// A flow is the quoted packet's protocol, addresses and ports. Two tables know flows:
//
//   - sockets: the host's own, by sock_diag(7). A TCP connection counts in every state but
//     LISTEN and TIME-WAIT, in which Linux ignores PTBs; a UDP socket only if it is connected,
//     since an unconnected one proves nothing. It takes no privileges.
//   - conntrack: what netfilter tracks, for containers and all else behind NAT, by
//     ctnetlink. Both directions of an entry count, before and after translation. It takes
//     CAP_NET_ADMIN, and says nothing where no rule uses connection tracking.
//
// Sockets of other network namespaces, such as containers', are in no table of the host's
// but conntrack. No table has the sequence numbers that are in flight, so that who forges
// a message about a real connection passes here; the kernel that gets it checks them.
//
// Only TCP and UDP are looked up. Messages about other protocols pass either way, and so
// do those that quote no ports with `elsewhere`; with `here` these are dropped.
//
// # How often
//
// An answer holds for `cache`. Beyond `queries` per second of packet time, nobody is asked:
// then `overload` decides, and so it does about a question that the kernel does not answer.
// Put the filter behind the limits, so that forged messages do not use the questions up.
//
// In a replay, which must not depend on the host, every message passes.
package flow
