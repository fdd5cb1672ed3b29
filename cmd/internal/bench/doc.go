// Package bench measures pmtud beside tcpdump, whole programs, in turn in one run.
// Machines are noisy: trust the ratio of each pair, not the nanoseconds.
//
//	 wire                                host
//	┌───────────────────┐   veth   ┌──────────────────────────────┐
//	│ flood (first CPU) ├──────────┤ pmtud or tcpdump (second CPU)│
//	└───────────────────┘          │ nft: drop all                │
//	                               └──────────────────────────────┘
//
// [Live] and [NFLOG] measure CPU time per packet under a flood, lost packets and latency;
// Live also measures what both cost at rest, and memory. [Replay] reads, filters and writes
// a capture with both.
//
// The flood is made of forged PTBs, each from another router about another client, so that
// nearly all are rate-limited. pmtud has the recommended configuration, and the original
// daemon's options with its own limits and with a total of 1000 per second.
// tcpdump has the filter of the original daemon and writes to /dev/null. On the wire's CPU
// the kernel also receives, filters and logs, for both programs alike; none of that is
// counted.
//
// The package needs Linux; [netns.RunPrivileged] must have made room for Live and NFLOG. Only root can have
// floods refused in the kernel.
//
// [netns.RunPrivileged]: https://pkg.go.dev/github.com/pmtud/pmtud/pipeline/pipelinetest/netns#RunPrivileged
package bench
