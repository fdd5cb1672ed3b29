// Package soak runs pmtud for a long time under traffic and faults, and checks its
// counters and its resources.
//
//	wire namespace                 host namespace
//	  traffic ── eth0 ═══ veth ═══ eth0 ── pmtud ── a small disk
//	                                         └── standard output ── a reader
//
// Traffic is PTBs of a few routers, forged ones from a router each, and junk. Four
// pipelines get it:
//
//	kept      stays the same over all reloads, and sees every frame
//	logged    reads what a router sends from NFLOG, and also sends it to the
//	          addresses of a name
//	limited   leaves most of its packets unread in the kernel
//	changing  is replaced by every good reload
//
// Faults strike at random times. Interfaces flap, lose their carrier, are deleted, made
// again and renamed. Good and bad configurations are reloaded. The disk is full, its folder
// is moved away and back, and files are removed. The name gets other addresses, many, none
// or an error. Nobody reads what the program prints, it gets no more descriptors, or no
// time to run.
//
// # What is checked
//
// At the end, for each pipeline that ever ran, received = forwarded + dropped and
// offered = delivered + failed + shed + dropped. What kept received or lost equals the
// kernel's count of frames, except for those that came while an interface was disturbed
// ([ledger]). What logged received or lost equals what the packet filter logged.
//
// Several times the faults are lifted and the traffic stops. The program must recover, so
// that its sinks deliver again, and its descriptors, threads and memory must not grow.
// Capture files must be readable.
//
// Faults are random, with a seed that is printed. Their times can't be repeated.
package soak
