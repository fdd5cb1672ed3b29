// Package cache reads and deletes the path MTUs that the kernel has learned: exceptions of
// routes, which it keeps in each network namespace and each routing table for mostly ten minutes.
//
// The kernel's dump leaves IPv4 exceptions out that no look-up has used yet
// (net/ipv4/fib_trie.c, fib_dump_info_fnhe), so the addresses that TCP connections go to are
// looked up as well. IPv6 exceptions can be deleted one by one, those of IPv4 only all at once.
package cache
