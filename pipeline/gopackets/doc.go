// Package gopackets connects pipelines with gopacket
// (https://pkg.go.dev/github.com/google/gopacket).
//
// [NewSource] makes a source of any of its readers: libpcap, PF_RING, capture files,
// a third party's. [NewPacket] makes a gopacket.Packet of a packet, for plugins that
// want its layers.
//
// The package imports gopacket's root alone. Its layers, which cost a program 1.4 MiB and
// some milliseconds at its start, are imported by who uses them.
package gopackets
