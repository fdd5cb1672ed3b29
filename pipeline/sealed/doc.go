// Package sealed has the format in which one host's pmtud hands IP packets to another's:
// encrypted and authenticated with a key that all of them share, whatever carries them.
//
// # Format, version 1
//
//	bytes   content
//	1       version: 1
//	3       key id, from the key
//	16      sender id, random: new each time a sender starts
//	8       counter of this sender, from 0, big endian
//	n       AES-256-GCM ciphertext of
//	          8  time of sealing: nanoseconds since 1970-01-01 00:00 UTC, big endian
//	          …  the IP packet, from its IP header to its end
//	16      GCM tag
//
// That is [Overhead] bytes more than the IP packet. The nonce is sender id and counter, 24
// bytes; GCM hashes a nonce of this length (NIST SP 800-38D, section 7.1). Version and key
// id are the additional data. The key is derived from a text by HKDF-SHA256 (RFC 5869)
// without salt: AES key with the info "pmtud sealed v1 key", 32 bytes, and key id with
// "pmtud sealed v1 id", 3 bytes. So the text must be as hard to guess as a key:
// [MinKeyLen] bytes at least. Without a key the text is empty, which everybody knows.
//
// A nonce is never used twice: two starts of senders would have to draw the same 128 bits,
// and a sender that has used up its counter can't exist.
//
// # What a receiver refuses
//
// In this order, the cheap checks first; see [Fault].
//
//   - Another version, or a length that no datagram has.
//   - A key id that the receiver does not have. Random bytes end here.
//   - A replay: a counter that this sender has used, or one so old that it can't be known
//     (more than [WindowLen] behind the newest). Datagrams may so be reordered.
//   - Forged: the tag is wrong.
//   - A time more than [MaxAge] from the receiver's, in the past or in the future. So clocks
//     may differ by a minute and more.
//   - A packet whose length is not the one that its IP header has.
//
// Only what is authentic changes the state of a receiver, which is bounded: it remembers
// a number of senders. When one more comes, it forgets the sender that it has not heard for
// the longest time. From then on a datagram of an unknown sender must be younger than the
// last one of the forgotten sender. A receiver that starts has no memory: what was recorded
// less than MaxAge before can be replayed to it once.
//
// # Rotating keys
//
// A receiver accepts several keys, a sender uses the first. Add the new key behind the old
// one on all hosts, then put it first on all hosts, then remove the old one: each step may
// take as long as it likes, and no datagram is refused meanwhile.
package sealed
