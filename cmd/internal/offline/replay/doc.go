// Package replay runs a pipeline over captures: offline, without privileges, and
// without touching anything but the files named.
//
//	captures ── merged by time ── reshape ── filters ─┬─ verdicts (JSON Lines)
//	                                                  ├─ an observer, such as package report
//	                                                  ├─ what each sink would have sent (capture file)
//	                                                  └─ summary
//
// The pipeline is built and never opened. Its first source says how it would have
// delivered a packet ([pipeline.CaptureAdapter]: a snaplen, a direction), its sinks say
// what they would have sent ([pipeline.DryRunner]); sinks that send nothing are
// only counted. Packets have the numbers that Wireshark and tcpdump give them: those that
// the source would not have delivered count too, and say why. Decisions are those of the
// engine itself ([pipeline.Offline.Decide]), packet by packet in one goroutine, so the same
// input gives the same output, byte for byte, at any speed.
//
// A second goroutine reads, some batches ahead. What can be done with each packet alone, reshaping
// and decoding, is done by whichever of the two has time. Writing has a goroutine of its
// own, and so has the decompressing of each file.
package replay
