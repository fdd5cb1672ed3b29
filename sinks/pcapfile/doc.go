// Package pcapfile is the sink pcap-file: it writes packets to a capture file, pcap
// or pcapng, with rotation by size and by age.
//
// # What is in the file when
//
// A delivered packet is in the file: nothing is kept back from the system. So the
// file is whole after an orderly end, and after kill -9 it holds every packet that
// was counted as delivered (at most a piece of one that was not follows). A new file
// gets its name when its header is in it: until then it is called .edge.pcap.new. What a
// power failure leaves is the file system's business.
//
// When the disk is full, or a write fails otherwise, the file is cut back to its
// last whole packet, so that it stays readable; packets that are not in it are
// counted as failed. Every batch of packets tries again. When the file or its
// directory was removed, a new file is begun as soon as that can be done; a confined
// process has no right to a directory that was made again. When somebody cut the file,
// what is left of it is renamed as below, and a new one is begun.
//
// # Rotation
//
// A file that has reached max_size or max_age, and a file with packets that is there
// already when the sink opens, is renamed: edge.pcap becomes
//
//	edge-20260102T030405.000000006.pcap
//
// after the UTC time stamp of its first packet (the time of its last change if that
// can't be read), so that names sort by time. If there is such a file, the next free
// nanosecond is taken; nothing is ever overwritten. With keep only so many renamed
// files stay: those that were renamed last, and of an earlier run those whose names
// sort last. So a clock that was set back removes no new file for an old one's sake. Age
// is measured by the packets' time stamps, hence a quiet file is rotated when its next
// packet comes.
package pcapfile
