// Package natslink has what the sink and the source `nats` share: where the NATS servers
// are and how to be let in, the subject, a connection that comes back by itself, and the
// format of a message.
//
// # Connection
//
// A [Link] connects in the background, so a pipeline starts without a server. It tries the
// servers in random order, and all of them again after 0.1 s to 1 s while none answers. A
// server that says nothing for about 6 s counts as gone. Addresses that servers advertise
// are not used: the process may only connect to the ports of its configuration. Nothing is
// kept for later while there is no connection. What goes wrong is counted by reason
// ([Trouble]), logged when it begins, and a complaint while it lasts.
//
// Files of keys and certificates are read with every connection, so they can be renewed.
//
// # Subjects
//
// A subject may hold the token {target}. It stands for the target of the message, the
// address that the router sent it to: four decimal tokens of an IPv4 address, eight
// hexadecimal ones without leading zeros of an IPv6 address.
//
//	pmtud.ptb.{target}    203.0.113.80     pmtud.ptb.203.0.113.80
//	                      2001:db8::80     pmtud.ptb.2001.db8.0.0.0.0.0.80
//
// So subscriptions and permissions to prefixes are wildcards: pmtud.ptb.203.0.113.*.
//
// # Messages
//
// Core NATS, at most once, without headers and replies. The first byte says the format.
//
// With a key it is 1, and the message is that of package sealed.
//
// Without a key it is readable for everybody who may subscribe:
//
//	bytes   content
//	1       version: 129 (the plain format, version 1)
//	16      sender, random: new each time a sender starts
//	8       time of sending: nanoseconds since 1970-01-01 00:00 UTC, big endian
//	…       the IP packet, from its IP header to its end
//
// The IP packet is a PTB with a TTL or hop limit that is one lower than the one it came
// with. The longest has [sealed.MaxPacket] bytes.
//
// # Scale
//
// One nats-server 2.9 with messages of 200 bytes, all on a machine with two cores, without loss:
//
//	subscribers   messages per second   deliveries per second
//	          1               887,000                 887,000
//	        100                 9,700                 966,000
//	      1,000                   700                 705,000
//
// Deliveries are what a server can do. With ten sites of 1,000 hosts and a server for each site
// (leaf nodes or gateways), a server delivers to its own 1,000, so all hosts together may publish
// some 700 messages per second, or 2,100 with three servers at each site. The limit iface-rate of
// a sender is then that number divided by the senders that a flood may reach at the same time: 7
// per second for 100 of them. Messages with {target} go to those sites only that subscribe to the
// target, so the rate counts for each group of addresses by itself.
//
// A NATS server is not trusted with the content of messages if there is a key. It is
// trusted otherwise: it can drop messages, and take memory of its clients.
package natslink
