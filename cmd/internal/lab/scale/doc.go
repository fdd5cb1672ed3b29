// Package scale computes and simulates what servers send and receive while a flood of forged
// messages reaches all of them. It says what limits to set.
//
// Each server has a limit of its own, and what it lets pass reaches all others. So the number
// of messages grows with the number of servers, and a flood that reaches all of them is
// multiplied by it. The sink broadcast sends each message once and the LAN delivers it to all;
// peers and relay send it to each peer. Only a relay's receiving side is a pipeline with a
// limit; with the others the kernel drops what is about no connection of the host.
//
// # What to set
//
// Set the filter iface-rate of the sending side by the number of servers, as in the second
// table, with fair_by client; configs/relay.yaml has the limits for up to 100. The limit of a
// relay's receiving side is not there to be reached: a message that has passed the sending side
// may not come again, and where a receiving limit is exhausted, forged messages of all servers
// compete with it. So it is no less than what all others send together, and bounds what a stolen
// key can do.
//
// Beyond a thousand servers one router's clients recover slowly under such a flood, since all
// of their messages come to one server. Without a flood the bursts are what counts. More servers
// should be in several groups, each behind addresses of its own, which need not hear each other.
//
// # The tables
//
// Of packets per second, while a flood of more than the limit reaches every server. At first,
// while bursts are used up, it is more. PTBs have 576 bytes. Made by:
// go run ./cmd/pmtud-scale
//
//	The recommended limit at every sending side, none at the receiving side:
//
//	  servers  rate  burst  broadcast sends  others send  received  at first  Mbit/s  by relay
//	       10   500    900              500         4500      4500     12600      21        24
//	      100   500    900              500        49500     49500    138600     234       265
//	     1000   500    900              500       499500    499500   1398600    2358      2677
//	    10000   500    900              500      4999500   4999500  13998600   23598     26797
//
//	A limit for the number of servers, so that nobody gets more than 50000 per second:
//
//	  servers  rate  burst  broadcast sends  others send  received  at first  Mbit/s  by relay
//	       10   500    900              500         4500      4500     12600      21        24
//	      100   500    900              500        49500     49500    138600     234       265
//	     1000    50     90               50        49950     49950    139860     236       268
//	    10000     5     12                5        49995     49995    169983     236       268
//
//	Clients that are healed, of 100 behind one router that begin meanwhile, all of whose
//	messages come to one server:
//
//	  servers       receiving side at 50000         receiving side at 500
//	       10  100 of 100, 99% within 1.4 s  100 of 100, 99% within 6.2 s
//	      100  100 of 100, 99% within 1.4 s               about 30 of 100
//	     1000  100 of 100, 99% within 3.0 s               about 20 of 100
//	    10000               about 30 of 100                about 0 of 100
package scale
