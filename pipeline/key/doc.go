// Package key distinguishes packets by fields that a configuration lists: it makes a
// [Key] of a packet, for filters that keep something per router, per client and so
// on.
//
// # What is equal
//
// Keys of one address, alone or with the MTU, are exact: two packets have the same
// key if and only if the fields are equal. So are keys of the MTU alone. Keys of
// more than that (two addresses, a flow) would be too wide to keep for millions of
// packets. They are 128 bits of NH, the hash of UMAC, under a secret that is drawn when
// the [Extractor] is made, and every field has a place of its own in it. Somebody who
// doesn't know the secret finds two packets of different fields and the same key with a
// probability of 2^-64 per pair at most, which is proved and not assumed: a packet is
// taken for one of 65,536 others once in 9 years of a million forged packets a second.
// So different secrets, live and in a replay, make no difference to decisions.
//
// Addresses of IPv4 and IPv6 are never equal, and neither are their prefixes. An
// IPv4-mapped IPv6 address in a packet is an IPv6 address: no router forwards it.
//
// # Fields that a packet lacks
//
// A packet without a field (no IP header, no quoted packet, a protocol without
// ports, a later fragment) counts as one in which the field has a value of its own,
// and an MTU, a protocol or ports that are not there count as 0. So all packets
// without a client share a key: somebody who leaves the client out gets less than
// one client does, and takes nothing away from those that have one. The fields are
// looked for as [pipeline.Packet] decodes them, in whatever is captured; packets
// that are no PTBs quote nothing.
//
// # Who chooses the fields
//
// A PTB is not authenticated. Whoever can send packets with a forged source chooses
// every field of it but the target, which has to lead here. A receiver looks up the
// quoted flow, which an outsider has to guess: see the filters for what forged keys
// do to genuine ones.
package key
