// Package tpacket reads packets from a packet socket in two ways: many at once from a receive
// ring that the socket shares with the kernel (TPACKET_V3), in which packets come in blocks; and
// one at a time from the socket's receive queue. See packet(7),
// Documentation/networking/packet_mmap.rst and net/packet/af_packet.c.
package tpacket
