// Package livebench measures pmtud's live capture beside tcpdump: CPU time per
// packet under a flood, lost packets, latency, what both cost at rest, and memory.
//
//	 wire                                host
//	┌───────────────────┐   veth   ┌──────────────────────────────┐
//	│ flood (first CPU) ├──────────┤ pmtud or tcpdump (second CPU)│
//	└───────────────────┘          │ nft: drop all behind the tap │
//	                               └──────────────────────────────┘
//
// Both programs are measured in turn in one run, since machines are noisy: trust
// the ratio of each round's pair, not the nanoseconds. The flood is made of PTBs of
// both IP versions from random routers, so that nearly all are rate-limited.
// tcpdump has the filter of the original daemon and writes to /dev/null.
//
// On a veth pair the kernel's part of capturing happens in the sender's time, for
// both programs alike, and is not counted.
package livebench
