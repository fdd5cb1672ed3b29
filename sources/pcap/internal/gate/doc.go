// Package gate has the kernel refuse packets in a flood before they are written to a ring: an
// eBPF socket filter.
//
// # What it does
//
// The filter begins with a classic program, which selects packets. It remembers who asks: the
// sender of each selected packet together with the destination of the packet that an ICMP error
// quotes, in other words a router and a client; of packets that quote nothing, the sender alone.
// Then it refuses packets in two cases, and counts them:
//
//   - all of them, up to one time;
//   - newcomers, of whom it does not remember that they asked, up to another time.
//
// The program sets both times by what is left in its pipeline's limits. When they have passed,
// the gate is open without anybody's help: a program that hangs shuts nobody out.
//
// So a flood of messages about a client each, from forged addresses, ends in the kernel, and a
// genuine client gets through when it asks again, which TCP does after 200 ms. This is greylisting
// (RFC 6647). Whether it gets what it asks for is the pipeline's to decide.
//
// Where canaries are wanted, what quotes a packet of their protocol is not refused: a forger who
// sends such messages costs the program as much as without a gate.
//
// # What it remembers
//
// A hash of 64 bits under a secret: 14 of them choose one of 16,384 lines of 64 bytes, other 32
// are a tag. A line holds the 16 tags that came last: each new one takes the place of the oldest
// one, and one that comes again keeps its place. So of a flood of 400,000 new clients a second,
// each is remembered for 0.65 s on average, of a million for 0.26 s. Who asks again later than
// that is a newcomer again.
//
// Errors, both harmless: a newcomer is taken for one that is remembered with a probability of
// 16/2^32, and passes. When two processors write to one line at the same moment, one of the two
// tags can be lost; its sender is a newcomer once more.
//
// Packets that are not IP, or have less than 40 bytes of it, have no sender: they are neither
// remembered nor refused as newcomers. IPv6 extension headers are not skipped, since `icmp-ptb`
// wants none.
//
// # What it takes
//
// CAP_BPF to load a gate, and Linux 5.8; before 5.11 also a limit of locked memory of 2.1 MiB for
// each source, which root raises by itself. After that no right at all, and none is there any more when a reload opens
// sources while the old ones are open. So twice as many gates are loaded as are in use, and kept
// for sources that differ from the old ones in nothing that the filter knows.
package gate
