// Package sane has the filter `sane`, which drops messages that every receiver would
// drop, or ought to distrust: what no router sends costs the segment a broadcast and
// the limits their room, and forged ones have to look real at least.
//
// # Checks
//
// Each check has a switch, and a reason that is called like it. They are made in this
// order, and the first that finds something wrong gives the reason:
//
//	check                default
//	ip_length            on    version and lengths in the IP header, against the bytes on the wire
//	ip_checksum          on    of the IPv4 header
//	fragment             on    a receiver would need the other fragments too
//	unspecified_source   on    0.0.0.0/8 and ::
//	loopback_source      on    127.0.0.0/8 and ::1
//	multicast_source     on    also 255.255.255.255
//	own_source           on    needs the host
//	multicast_target     on
//	broadcast_target     on    255.255.255.255; others need the host
//	icmp_checksum        on    of PTBs
//	quoted_version       on    IPv4 in IPv4, IPv6 in IPv6
//	short_quote          on    no IP headers and 8 bytes behind them inside the IP packet
//	quoted_source        off   other than the target
//	quoted_address       on    addresses that no router forwards: 127.0.0.0/8, fe80::/10, ...
//	quoted_multicast     on    the destination in IPv4, also 255.255.255.255
//	quoted_multicast_v6  off   the destination in IPv6
//	quoted_fragment      on    offset above 0 in IPv4
//	quoted_fragment_v6   on    offset above 0 in IPv6
//	quoted_icmp_error    on    errors and redirects (RFC 1122, section 3.2.2; RFC 4443, section 2.4)
//	quoted_icmp          on    ICMP echo replies and all of ICMPv6: believed without proof
//	zero_mtu_v4          off
//	low_mtu_v4           on    1 to below min_mtu_v4, 552
//	low_mtu_v6           on    below 1280: hosts must ignore it (RFC 8201, section 4)
//	not_too_big          on    quoted length not above the MTU
//	interface_mtu        on    once interface is given; needs the host
//
// Checks of addresses, lengths, the header checksum and fragments look at every IP
// packet; the others at PTBs. Everything else passes: `icmp-ptb` is there for that.
//
// # What is off, and why
//
// What a genuine router may send passes by default.
//
//   - quoted_source: routers send to the source of the packet that was too big. But
//     load balancers and NATs on the way may rewrite one of the two addresses and not
//     the other, as the sink `peers` does, and a socket is found by the quoted one.
//   - quoted_multicast_v6: IPv6 has path MTU discovery for multicast, and allows PTBs
//     for it (RFC 4443, section 2.4 (e.3)). IPv4 forbids them.
//   - zero_mtu_v4: routers from before RFC 1191 leave the MTU 0 (section 5 there). The
//     filter `mtu` drops it by default.
//
// Two checks that are on may meet genuine messages. IPv6 routers answer to each
// fragment of a packet (IPv4 ones to the first alone: RFC 1812, section 4.3.2.7), but
// no receiver finds a connection by a later one, and `dedup` would take it for the
// news that the first one brings. And IPv4 links with an MTU below 552 are
// allowed (RFC 791: from 68), though hardly found. Linux takes a lower MTU for 552 and
// lets packets of that connection be fragmented, which is what forgers are after.
// Whose clients sit behind such links switches low_mtu_v4 off.
//
// interface_mtu takes all receivers for alike: if another server's interface has a
// larger MTU than this one's, leave interface away.
//
// # What passes unseen
//
// Nothing is refused for what the capture lacks: a checksum over bytes that were cut
// off (by the source's snaplen) passes, and so does what asks for a quoted header that
// is not there. A router may put extensions behind what it quotes (RFC 4884), which
// are not looked at.
//
// short_quote asks for what receivers ask for: 8 bytes behind the quoted headers (RFC
// 792), for IPv6 too. As all checks do it counts bytes inside the IP packet; `length`
// and the original daemon count padding and trailers behind it as well.
//
// Checksums are those on the wire: routers compute them, also virtual ones whose other
// checksums are left to hardware that isn't there.
// not_too_big lets pass what says nothing: a quoted length of 0, as of jumbograms and
// of segments that were merged before they were routed, one below the bytes quoted,
// and an IPv6 MTU of 1280, which translators write for anything below (RFC 7915,
// section 4.2).
//
// # The host
//
// The addresses of this host, the broadcast addresses of its networks and the
// interface's MTU are read when the pipeline opens and followed by netlink. In a
// replay, which opens nothing, they are not known, and the checks that need them pass
// everything; so does interface_mtu while there is no such interface.
//
// # Threat model
//
// PTBs carry no proof of who sent them. A forger wants servers to believe a path MTU that
// is not true (552 for IPv4, 1280 for IPv6, for ten minutes), to push true ones out of
// their caches, to have many packets sent for one, or to keep a client from its messages.
// What a kernel believes without pmtud:
//
//   - About TCP: if the quoted addresses and ports are a connection of its own, and the
//     quoted sequence number is one that is not acknowledged yet.
//   - About UDP: if the quoted ports are a socket's. A server's wildcard socket fits each
//     client.
//   - About ICMP echo replies, and all of ICMPv6: always.
//   - About other protocols: if there is a tunnel, a security association or a raw socket
//     that fits.
//
// One packet that is sent to one server then has this effect on N servers. The test of
// package cmd/internal/lab/threat makes the attacks in each mode and prints the table.
//
//	                            without   original options   recommended
//	servers that believe it
//	  ICMP echo reply           1         N                  1
//	  UDP, port not listed      1         N                  1
//	  UDP, listed port          1         N                  N
//	  TCP, no right number      0         0                  0
//	  TCP, right number         0 or 1    1                  1
//	packets sent for it, at most
//	  broadcast, nflog          0         1, for N-1 hosts   1, for N-1 hosts
//	  peers, relay              0         N-1                N-1
//	entries that others get, per second
//	  believed without proof    0         10 (19 at once)    0; listed UDP 500 (900 at once)
//
// Who sends from where:
//
//   - Off the path, a forger must guess a sequence number in the window of a connection
//     that it knows: the same as without pmtud, but for one thing. It need not guess the
//     server, too, as all of them get the message: N times as likely. Networks that let no
//     forged sources in take nothing from it, since PTBs may come from any router.
//   - On the LAN, it can send frames to all servers itself: pmtud gives it nothing.
//   - On a server or on the path, it reads sequence numbers, and can make each server
//     believe what it wants about these connections, also without pmtud.
//
// Where the port list has UDP, all servers believe what one did before: list the ports of
// QUIC alone, which validates path MTUs itself (RFC 9000, section 14.4). `vips` bounds all
// of it to the addresses that the servers share.
//
// To keep a client from being healed, somebody has to make the recommended limits drop
// its genuine messages. They count by router and client, so this takes the client's
// address and the address of the router before its narrow link, the right to send under
// that. Six messages a second then take a fifth of what gets through, and sixty leave a
// sixth; with the ports as well, six take half. Who does not know the router can do
// nothing at any rate, up to the total: then those go first who ask again. The client
// asks again with each retransmission, and needs one message. The figures are those of
// TestStarvation there.
package sane
