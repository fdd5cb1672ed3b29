// Package capfile reads and writes capture files: pcap and pcapng. Readers and
// writers of packets work in batches and allocate nothing per packet.
//
//	r, err := capfile.Open("edge.pcapng.zst", capfile.ReaderOptions{})
//	...
//	defer r.Close()
//	batch := make([]pipeline.Packet, 256)
//	for {
//		n, err := r.ReadBatch(batch)
//		if err == io.EOF {
//			break
//		}
//		...
//		use(batch[:n]) // now: the octets are overwritten by the next ReadBatch
//	}
//
// [Files] reads several files one after another, [Merge] reads several at once in
// the order of their time stamps, [Writer] writes. An [Encoder] makes the octets
// of a file for those who look after the writing themselves.
//
// # What is read
//
// Pcap of version 2.4 in either byte order, with micro- or nanoseconds
// (draft-ietf-opsawg-pcap). Of the link type field the lower 16 bits count; what
// it says about a frame check sequence is left aside. The numbers 12 and 14, which old
// programs wrote, are raw IP here as in Wireshark. The headers of the
// "modified" variant that Alexey Kuznetsov's patches wrote are refused.
//
// Pcapng of versions 1.0 and 1.2, any number of sections in either byte order, each
// with up to [MaxInterfaces] interfaces (draft-ietf-opsawg-pcapng). Enhanced,
// simple and obsolete packet blocks are read, other blocks skipped. A simple packet
// block has no time stamp; its packet has the time 0.
//
// Both plain or compressed with gzip or zstd, several members or frames in a row
// included; the first octets tell. Compressed files within compressed files are
// not looked for.
//
// A captured length above the packet's length or the file's snaplen is taken as it
// is, as libpcap and Wireshark do; Length is then the captured length.
//
// # Damage
//
// Errors about a file's contents are an [*Error], which tells the position in the
// uncompressed octets. The packets in front of the damage are delivered first; the
// next call returns the error, and so do all later ones. No contents make a reader
// panic or go on for ever.
//
// # Memory
//
// Packets of more than [MaxPacket] octets and packet, section and interface blocks
// of more than [MaxBlock] are refused, whatever they claim; blocks that are skipped may have
// 16 MiB. A reader needs a buffer of 576 KiB, with read-ahead two of them, another
// 64 KiB for its input, and 24 octets for each interface. A decompressor comes on
// top: 64 KiB for gzip, for zstd at most about twice the window that the file asks
// for, which may be up to 128 MiB as with the zstd program (8 MiB and less for files
// that were compressed with level 19 and below).
//
// # What is written
//
// Little-endian files without anything that would differ from run to run: no host,
// no time of writing. Pcap has microseconds unless nanoseconds are asked for, since
// some programs can't read those, pcapng always nanoseconds. Pcapng notes with each
// packet to whom the link layer sent it ([pipeline.Packet.Type]), where known;
// readers give it back.
package capfile
