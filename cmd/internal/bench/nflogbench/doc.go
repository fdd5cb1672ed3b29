// Package nflogbench measures the source nflog beside tcpdump, whole programs on
// the same netfilter log group in turn: CPU time a packet and packets lost under a
// flood, the highest rate without loss, and how long a single packet takes.
//
//	+--------+ eth0        eth0 +------+
//	| router +------------------+ host |  nftables: count, log to group 33, drop
//	+--------+                  +------+  pmtud or tcpdump reads group 33
//
// The router floods on one CPU, on which the kernel also receives and logs; the
// program runs on another. Trust the ratios within a round, not the figures: they
// depend on the machine and on what else it does.
//
// The package needs Linux; netns.Run must have made room for it.
package nflogbench
