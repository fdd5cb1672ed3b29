// Package tpacket reads packets from a receive ring that a packet socket shares
// with the kernel: TPACKET_V3, in which packets come in blocks. See
// Documentation/networking/packet_mmap.rst and net/packet/af_packet.c.
package tpacket
