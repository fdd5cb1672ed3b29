// Package wire reads and writes the headers of IP packets. It is the only package
// that knows the offsets, lengths and numbers in them.
//
//   - [IP] is an IPv4 packet (RFC 791) or an IPv6 packet (RFC 8200).
//   - [Payload] is what lies behind its headers: the walk over IPv6 extension headers
//     (RFC 8200, section 4; RFC 4302 for authentication; RFC 6275, RFC 7401 and RFC
//     5533 for mobility, HIP and Shim6) and the fields of fragments.
//   - [Protocol] is a protocol number (IANA, protocol-numbers) with its name.
//   - [Sum] and [Checksum] are the Internet checksum (RFC 1071), with the
//     pseudo-header of ICMPv6 (RFC 4443, section 2.3; RFC 8200, section 8.1).
//     [IP.SetTTL] updates it (RFC 1624).
//
// Nothing here allocates, and nothing trusts a length that a packet claims. Lengths
// and offsets count bytes.
//
// Plugins rarely need it: pipeline's Packet has the addresses, the TTL and the lengths of a
// packet and of the packet that it quotes.
package wire
