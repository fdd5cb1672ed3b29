// Package soak runs pmtud for a long time under traffic and faults, and looks at
// its books and its resources afterwards.
//
//	wire namespace                 host namespace
//	  traffic ── eth0 ═══ veth ═══ eth0 ── pmtud ── a small disk
//	                                         └── standard output ── a reader
//
// Traffic is PTBs of a few routers, forged ones from a router each, and junk. Four
// pipelines get it: kept, which no reload changes and which sees every frame; logged,
// which reads by way of NFLOG what a router sends, and sends it to the addresses of a
// name, too; limited, which leaves most of its
// packets unread in the kernel; and changing, which is another one with every good
// reload. Meanwhile, at random times, interfaces flap, lose their carrier, are deleted,
// made again and renamed, configurations are reloaded, good and bad ones, the disk is
// full, its folder is moved away and back, files are removed, the name gets
// other addresses, many, none or an error, nobody reads what the program prints, it gets no more descriptors, or no time to run.
//
// # What is checked
//
// At the end, and for each pipeline that there ever was, received = forwarded +
// dropped and offered = delivered + failed + shed + dropped. What kept received or
// counted as lost agrees with the kernel's count of frames that came in: exactly, but
// for those that came while an interface was being disturbed, which may have found no
// socket or not ([ledger]). What logged received or counted as lost is what the packet
// filter logged.
//
// The faults are lifted and the traffic stops several times on the way, for the
// program to come to rest. Then it must have recovered (its sinks deliver again) and
// be as it was: descriptors, threads and memory do not grow. Capture files are
// readable.
//
// Faults are at random, with a seed that is printed. Their times are not repeatable,
// since the kernel and the program take theirs.
package soak
