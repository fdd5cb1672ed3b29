// Package pcap has the source `pcap`, which captures from a network interface of
// Linux. It needs no libpcap, but CAP_NET_RAW.
//
// The kernel writes packets into a ring that it shares with the program, and hands
// over a block of them when the block is full or 20 ms have passed. A
// pipeline that begins with a filter that can be had in the kernel has it attached
// to the socket, so that other packets are not even written to the ring.
//
// While there are few packets, they don't wait for that: a second socket, without a ring, has the
// kernel hand over each at once, and its copy in the ring is left out. When 256 packets come within
// 100 ms, the ring goes on alone, until no more than 320 come in 250 ms. With a
// latency set, there is the ring alone, and a block is handed over after that time.
//
// While there is not enough left of the pipeline's total for all ([pipeline.TotalLimiter]) and
// many packets come, 64 or more between two looks at the ring, the kernel refuses and counts what
// the pipeline need not see: newcomers, who are remembered and pass when they ask again; and all
// packets, while the total refuses whatever comes. So a flood from forged addresses costs the
// program next to nothing, and no packet goes uncounted. See internal/gate. This takes a first filter
// that selects packets in the kernel, a total that can be asked first, a link of Ethernet or bare
// IP, and CAP_BPF at the program's start; without, the program reads every packet. The metric
// gate says which it is, and at level debug the log says why. A reload that changes the direction,
// promiscuous, the snaplen, or whether there are canaries, needs another gate, which takes a
// restart of a program that has given up its rights.
//
// An interface that goes down, disappears and comes back is a normal event: the
// source logs it and goes on. It stays with an interface that gets another name;
// when that one is deleted, it waits for one with the configured name.
package pcap
