// Package pcapfile is the source pcap-file: it reads packets from capture files,
// pcap or pcapng, plain or compressed with gzip or zstd.
//
// Several files are read one after another, each opened when its turn comes. By
// default packets are delivered as fast as the pipeline takes them; its clock
// follows the packets' time stamps all the same. With a speed the source waits
// between packets as long as the capture did, divided by that speed.
//
// With loop the source starts over after the last file. The time stamps of each
// further pass are shifted, so that its first packet comes a millisecond after the
// last one before: time goes on, and so do the rate limits.
package pcapfile
