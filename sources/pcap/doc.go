// Package pcap has the source `pcap`, which captures from a network interface of
// Linux. It needs no libpcap, but CAP_NET_RAW.
//
// The kernel writes packets into a ring that it shares with the program, and hands
// over a block of them when the block is full or the latency has passed. A
// pipeline that begins with a filter that can be had in the kernel has it attached
// to the socket, so that other packets are not even written to the ring.
//
// While the pipeline refuses whatever comes ([pipeline.Env]) and many packets do,
// the filter in the kernel cuts each to one byte, a mark. A block of marks is
// counted at a glance, so that a flood costs next to nothing, and no packet goes
// uncounted. The filter is changed back 10 ms before the pipeline's limit has room
// again; the packet that would have passed after that, if the program was not run
// in time, counts as lost. Waits of less than 20 ms are not worth it: limits of the total above
// some 50 packets per second are kept by the program alone.
//
// An interface that goes down, disappears and comes back is a normal event: the
// source logs it and goes on. It stays with an interface that gets another name;
// when that one is deleted, it waits for one with the configured name.
package pcap
