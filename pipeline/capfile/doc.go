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
//		use(batch[:n]) // now: the bytes are overwritten by the next ReadBatch
//	}
//
// [Files] reads several files one after another, [Merge] reads several at once in
// the order of their time stamps, [Writer] writes. An [Encoder] makes the bytes
// of a file for those who look after the writing themselves.
//
// # What is read
//
// Pcap of versions 2.0 to 2.4 in either byte order, with micro- or nanoseconds
// (draft-ietf-opsawg-pcap), and 543.0 of DG/UX. The two lengths of a record are in the
// order that libpcap expects of the version. The numbers 12 and 14, which old programs
// wrote, are the link type of raw IP here as in Wireshark.
//
// Pcapng of versions 1.0 and 1.2, any number of sections in either byte order, each
// with up to [MaxInterfaces] interfaces (draft-ietf-opsawg-pcapng). Enhanced,
// simple and obsolete packet blocks are read, other blocks skipped. A simple packet
// block has no time stamp; its packet has the time 0.
//
// Both plain or compressed with gzip or zstd, several members or frames in a row
// included; the first bytes tell. Compressed files within compressed files are
// not looked for. The error for any other file names its format, as far as it is known,
// and the command that converts it.
//
// # Packets as the host would have captured them
//
// A frame check sequence is cut off where the file has its length. Cooked headers
// tell a packet's [pipeline.Packet.Type]. Messages of the kernel's packet log (link
// type 239, as "tcpdump -i nflog:33 -w" writes them) become the packets in them, as the
// source nflog delivers these: Ethernet frames or raw IP.
//
// A time stamp that is not within 2^62 ns (146 years) of 1970 is clamped to that.
// [ReaderOptions].Warn hears of it, and of link types that are not decoded.
//
// A captured length above the packet's length or the file's snaplen is taken as it
// is, as libpcap and Wireshark do; Length is then the captured length.
//
// # Damage
//
// Errors about a file's contents are an [*Error], which says the position in the
// uncompressed bytes. The packets in front of the damage are delivered first; the
// next call returns the error, and so do all later ones. No contents make a reader
// panic or go on for ever.
//
// # Memory
//
// Packets of more than [MaxPacket] bytes and blocks of more than [MaxBlock] are
// refused, whatever they claim. A reader needs a buffer of 336 KiB, two for a
// compressed file that is read ahead, and up to one more for each further batch that is lent;
// another 64 KiB for its input, and 32 bytes for each interface. A buffer grows
// for larger packets and blocks that are not skipped, with what is there of them: each to at most
// twice MaxBlock. A decompressor comes on top: 64 KiB for gzip, for zstd at most about twice the window that the file asks
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
