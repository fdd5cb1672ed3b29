// Package lab builds a cluster behind an ECMP router out of network namespaces
// and watches pmtud heal path MTU discovery there. Everything in it is real: the
// kernel's forwarding, hashing, PTBs and TCP, and the pmtud program itself.
//
//	 clients         low-MTU hop        ECMP router          LAN (bridge)
//	+--------+      +-------------+    +-----------+        +-------------+
//	|   eth0 +------+ down     up +----+ up   lan0 +--------+ router      |
//	+--------+      +-------------+    +-----------+        |             |      +---------------+
//	MTU 1500        MTU 1400            VIP by              |     server0 +------+ eth0  server0 |
//	                on down;            multipath           |             |      |       lo: VIP |
//	                sends the           route over          |             |      +---------------+
//	                PTBs                all servers,        |     server1 +------+ eth0  server1 |
//	                                    hash policy 1       |             |      |       lo: VIP |
//	                                                        |             |      +---------------+
//	                                                        |     server2 +------+ eth0  server2 |
//	                                                        |             |      |       lo: VIP |
//	                                                        +------^------+      +---------------+
//	                                                            sniffer
//
// A client's own interface says 1500, so its MSS does not give the low MTU away:
// a server learns it from a PTB or never. Hash policy 1 makes the router hash
// addresses, protocol and ports of the outer header. The PTBs of the hop are all
// alike in these and reach one server; downloads from the others hang, until
// pmtud hands the PTBs on.
//
// With several subnets there are several LANs, on lan0, lan1 and so on, and the
// servers are dealt out to them in turn.
//
// The router's hash decides which server gets a connection. Clients try one port after the
// other until each server has as many connections as the others, so the same part of the
// downloads hangs in every run.
//
// # Containers
//
// The service may be in a container of each server or of the next one ([Backend]), behind
// destination NAT as kube-proxy and Docker set it:
//
//	 LAN                        server1                         container1
//	-----+ eth0   VIP -> container, by conntrack   pod0 +-----+ eth0: MTU 1500
//
// Nobody has the VIP then. A server that gets a PTB about a connection of another server
// finds nothing to translate, and routes the message back to the router, which returns it
// until its TTL is used up: [Traffic.Returns]. [Config.IngressPlane] stands for data planes
// whose eBPF programs see only what passes the uplink's ingress.
//
// # Recovery
//
// [RunRecovery] has many clients with addresses of their own behind the hop, which
// speaks for all of them: limits for each router starve these first. They connect,
// and then all ask for a download at the same moment. What counts is the time until
// each has it, and what the daemons broadcast for that: in all, in any second, about
// each client. Linux exempts PTBs from the limits that it has for ICMP errors, so the
// hop sends one for each packet that is too big. [CompareRecovery] also measures a path
// without obstacle: that is what the lab itself takes, which shares the machine's CPUs
// with the daemons.
//
// Meanwhile forged PTBs may flood the servers, from the hop's side of the router and
// distributed by it as the genuine ones are: see [flood.Forger].
//
// # Addresses
//
// Only documentation addresses are used (RFC 5737, RFC 3849) as long as they suffice,
// see [Family].
//
// The package needs Linux; [netns.Run] or [netns.Main] must have made room for it.
//
// [flood.Forger]: https://pkg.go.dev/github.com/pmtud/pmtud/cmd/internal/lab/flood#Forger
// [netns.Run]: https://pkg.go.dev/github.com/pmtud/pmtud/pipeline/pipelinetest/netns#Run
// [netns.Main]: https://pkg.go.dev/github.com/pmtud/pmtud/pipeline/pipelinetest/netns#Main
package lab
