// Package broadcast has the sink `broadcast`, which sends frames to all hosts of a
// LAN: as they were captured, from the EtherType or VLAN tag on, with another
// destination and source address. It needs Linux and CAP_NET_RAW.
//
// It takes PTBs alone, unless any_packet is set, and none that the link layer sent to
// several hosts. The source address is the interface's own, so bridges learn nothing
// new, unless captured-source asks for the router's. It never has the group bit.
//
// Whatever keeps a frame from being sent is counted and the sink goes on. That holds
// for an interface without carrier too, which the kernel does not call an error: it takes
// frames and forgets them. When its interface was deleted, the sink looks for the one that
// has the name as frames come.
package broadcast
