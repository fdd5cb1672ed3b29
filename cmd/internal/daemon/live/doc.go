// Package live keeps what people ask of a running daemon: rates, top lists, and packets as
// they are decided.
//
// # Cost
//
// A [Watch] is the [pipeline.Watcher] of one pipeline. For each part of a batch, up to 256
// packets, it loads one pointer (are there taps?) and adds to a counter. The data path has
// no timer, never waits for a lock, and never allocates:
//
//   - Rates come from [History], which reads the pipelines' counters once a second.
//   - Top lists are filled from a sample of a hundred packets a second, and of two thousand while
//     somebody looks ([Lists]). Below that rate every packet is in them. They are always on, so
//     that they also hold what came before somebody looked. Samples are counted together, once a
//     second or by the hundreds: one by one each would find the lists out of the CPU's caches.
//     Still one costs up to 2 µs, at rest 3 ns a packet of a flood of 60,000 per second. In the
//     first second of such a flood about 12,000 packets are in the sample.
//     The last message about each of the last clients ([Live.Messages]) is of the same sample.
//   - A [Tap] copies the packets that it selects into a ring of fixed size. When its reader
//     is slow, packets are counted as lost instead.
//
// If a lock is taken at that moment by somebody who looks or counts, the packets at hand are
// skipped (lists) or counted as lost (taps).
//
// # Sample
//
// The lists see every n-th packet, with a gap drawn at random around n so that no pattern
// in the traffic can hide from it. Each packet seen has the weight n. After a second with
// more than [SamplesAtRest] or [SamplesLooked] samples n doubles, when it has less than half of
// them n is halved. The lists hold the samples of 30 to 60 seconds, 1,500 or more, so a key's
// share of all packets is estimated with a standard deviation of at most 1.3 %; half a minute
// after somebody began to look, 30,000 or more, and 0.3 %. Packets that a source leaves unread
// while a limit is exhausted are in no list.
package live
