package capfile_test

import (
	"errors"
	"io"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
)

// What is wrong with a file is said with its position, and the packets in front
// of it are delivered.
func TestDamage(t *testing.T) {
	for name, o := range orders() {
		pcap := join(pcapHeader(o, 0xa1b2c3d4), record(o, 0, 0, 1, "a"))         // 41 bytes
		pcapng := join(section(o), iface(o, 1, 0), enhanced(o, 0, 0, 4, "aaaa")) // 28+20+36 bytes
		tsresol := func(v uint8) []byte { return option(o, 9, v, []byte(nil)) }  //
		lengths := func(kind, total, again uint32, body ...any) []byte {
			return fields(o, kind, total, fields(o, body...), again)
		}
		for _, tc := range []struct {
			name    string
			file    []byte
			packets int
			want    string
		}{
			{"empty", nil, 0, "at byte 0: the file is empty"},
			{"three bytes", pcap[:3], 0, "at byte 0: the file ends after 3 bytes, within its header"},
			{"pcap header cut", pcap[:23], 0, "at byte 0: the file ends after 23 bytes, within its header"},
			{
				"pcap modified", pcapHeader(o, 0xa1b2cd34), 0,
				`at byte 0: neither a pcap nor a pcapng file, but a pcap capture of the "modified" variant; convert it with: editcap -F pcapng a.pcap new.pcapng`,
			},
			{
				"pcap version", fields(o, uint32(0xa1b2c3d4), uint16(2), uint16(5), make([]byte, 16)), 0,
				"at byte 0: pcap version 2.5 is not supported, only 2.0 to 2.4 are",
			},
			{"text", []byte("text"), 0, "at byte 0: neither a pcap nor a pcapng file, but text; write the capture with: tcpdump -w"},
			{"unknown", []byte("\x01\x02\x03\x04\x05"), 0, "at byte 0: neither a pcap nor a pcapng file: it begins with 01 02 03 04"},
			{
				"record header cut", join(pcap, make([]byte, 15)), 1,
				"at byte 41: the file ends after 15 bytes of a packet's record header",
			},
			{
				"record cut", join(pcap, record(o, 0, 0, 9, "123456789")[:20]), 1,
				"at byte 41: the file ends after 4 of a packet's 9 bytes",
			},
			{
				"record too large", join(pcap, fields(o, uint64(0), uint32(262145), uint32(262145))), 1,
				"at byte 41: a packet of 262145 bytes is more than the 262144 that are supported",
			},
			{
				"record of 4 GiB", join(pcap, fields(o, uint64(0), ^uint64(0))), 1,
				"at byte 41: a packet of 4294967295 bytes is more than the 262144 that are supported",
			},

			{"block cut", join(pcapng, pcapng[:11]), 1, "at byte 84: the file ends after 11 bytes of a block"},
			{"section cut", join(pcapng, pcapng[:20]), 1, "at byte 84: the file ends after 20 of a block's 28 bytes"},
			{"packet cut", pcapng[:83], 0, "at byte 48: the file ends after 35 of a block's 36 bytes"},
			{
				"skipped block cut", join(pcapng, block(o, 7, "12345678")[:19]), 1,
				"at byte 100: the file ends within a block of 20 bytes",
			},
			{
				"byte order", block(o, 0x0a0d0d0a, "abcd", make([]byte, 12)), 0,
				"at byte 0: a section header with the byte-order magic 61 62 63 64",
			},
			{
				"pcapng version", block(o, 0x0a0d0d0a, uint32(0x1a2b3c4d), uint16(2), uint16(1), uint64(0)), 0,
				"at byte 0: pcapng version 2.1 is not supported, only 1.0 is",
			},
			{
				"section too short", lengths(0x0a0d0d0a, 24, 24, uint32(0x1a2b3c4d), make([]byte, 8)), 0,
				"at byte 0: a block of type 0xa0d0d0a with a total length of 24 bytes, less than 28",
			},
			{
				"block of 4 GiB", join(pcapng, lengths(7, 0xfffffffc, 0)), 1,
				"at byte 84: a block of type 0x7 with a total length of 4294967292 bytes, more than 16777216",
			},
			{
				"largest skipped block cut", join(pcapng, lengths(7, 16<<20, 0)), 1,
				"at byte 96: the file ends within a block of 16777216 bytes",
			},
			{
				"packet too large", join(pcapng, block(o, 6, uint32(0), uint64(0), uint32(262145), uint32(5), "1234")), 1,
				"at byte 84: a packet of 262145 bytes is more than the 262144 that are supported",
			},
			{
				"largest packet cut", join(pcapng, block(o, 6, uint32(0), uint64(0), uint32(262144), uint32(5), "1234")), 1,
				"at byte 84: a packet of 262144 bytes in a block with room for 4",
			},
			{
				"simple packet too large", join(pcapng, block(o, 3, uint32(262145), "1234")), 1,
				"at byte 84: a packet of 262145 bytes is more than the 262144 that are supported",
			},
			{
				"largest simple packet cut", join(pcapng, block(o, 3, uint32(262144), "1234")), 1,
				"at byte 84: a packet of 262144 bytes in a block with room for 4",
			},
			{
				"pcapng version 1.1", block(o, 0x0a0d0d0a, uint32(0x1a2b3c4d), uint16(1), uint16(1), uint64(0)), 0,
				"at byte 0: pcapng version 1.1 is not supported, only 1.0 is",
			},
			{
				"pcapng version 1.3", block(o, 0x0a0d0d0a, uint32(0x1a2b3c4d), uint16(1), uint16(3), uint64(0)), 0,
				"at byte 0: pcapng version 1.3 is not supported, only 1.0 is",
			},
			{
				"pcap version of DG/UX", fields(o, uint32(0xa1b2c3d4), uint16(543), uint16(1), make([]byte, 16)), 0,
				"at byte 0: pcap version 543.1 is not supported, only 2.0 to 2.4 are",
			},
			{
				"packet block too large", join(pcapng, lengths(6, 16<<20+4, 0)), 1,
				"at byte 84: a block of type 0x6 with a total length of 16777220 bytes, more than 16777216",
			},
			{
				"large packet block cut", join(pcapng, lengths(6, 400000, 0)), 1,
				"at byte 84: the file ends after 12 of a block's 400000 bytes",
			},
			{
				"no multiple of 4", join(pcapng, lengths(7, 14, 14, "12")), 1,
				"at byte 84: a block of type 0x7 with a total length of 14 bytes, not a multiple of 4",
			},
			{
				"length 0", join(pcapng, lengths(7, 0, 0)), 1,
				"at byte 84: a block of type 0x7 with a total length of 0 bytes, less than 12",
			},
			{
				"packet block too short", join(pcapng, lengths(6, 28, 28, make([]byte, 16))), 1,
				"at byte 84: a block of type 0x6 with a total length of 28 bytes, less than 32",
			},
			{
				"simple block too short", join(pcapng, lengths(3, 12, 12)), 1,
				"at byte 84: a block of type 0x3 with a total length of 12 bytes, less than 16",
			},
			{
				"lengths differ", join(pcapng, lengths(6, 32, 36, make([]byte, 20))), 1,
				"at byte 84: a block whose total length is 32 bytes at its beginning and 36 at its end",
			},
			{
				"lengths of a skipped block differ", join(pcapng, lengths(7, 16, 12, "1234")), 1,
				"at byte 96: a block whose total length is 16 bytes at its beginning and 12 at its end",
			},
			{
				"no such interface", join(pcapng, enhanced(o, 1, 0, 1, "a")), 1,
				"at byte 84: a packet of interface 1; the section has 1 interfaces so far",
			},
			{
				"interface of another section", join(pcapng, section(o), enhanced(o, 0, 0, 1, "a")), 1,
				"at byte 112: a packet of interface 0; the section has 0 interfaces so far",
			},
			{
				"no such interface, obsolete", join(pcapng, block(o, 2, ^uint16(0), make([]byte, 18))), 1,
				"at byte 84: a packet of interface 65535; the section has 1 interfaces so far",
			},
			{
				"simple packet without interface", join(section(o), block(o, 3, uint32(1), "a")), 0,
				"at byte 28: a simple packet block in a section without an interface",
			},
			{
				"simple packet too long", join(pcapng, block(o, 3, uint32(5), "1234")), 1,
				"at byte 84: a packet of 5 bytes in a block with room for 4",
			},
			{
				"simple packet of 4 GiB", join(pcapng, block(o, 3, ^uint32(0), "1234")), 1,
				"at byte 84: a packet of 4294967295 bytes is more than the 262144 that are supported",
			},
			{
				"packet longer than its block", join(pcapng, block(o, 6, uint32(0), uint64(0), uint32(5), uint32(5), "1234")), 1,
				"at byte 84: a packet of 5 bytes in a block with room for 4",
			},
			{
				"packet of 4 GiB", join(pcapng, block(o, 6, uint32(0), uint64(0), ^uint64(0), "1234")), 1,
				"at byte 84: a packet of 4294967295 bytes is more than the 262144 that are supported",
			},
			{
				"resolution of ten", join(section(o), iface(o, 1, 0, tsresol(20))), 0,
				"at byte 28: an interface with an if_tsresol of 0x14, too fine for 64-bit timestamps",
			},
			{
				"resolution of two", join(section(o), iface(o, 1, 0, tsresol(0xc0))), 0,
				"at byte 28: an interface with an if_tsresol of 0xc0, too fine for 64-bit timestamps",
			},
			{
				"length of resolution", join(section(o), iface(o, 1, 0, option(o, 9, uint16(9)))), 0,
				"at byte 28: an interface with an if_tsresol of 2 bytes, not 1",
			},
			{
				"length of offset", join(section(o), iface(o, 1, 0, option(o, 14, uint32(9)))), 0,
				"at byte 28: an interface with an if_tsoffset of 4 bytes, not 8",
			},
			{
				"option of an interface", join(section(o), iface(o, 1, 0, uint16(2), uint16(5), "eth0")), 0,
				"at byte 28: a block with an option that does not end within it",
			},
			{
				"option of a section", block(o, 0x0a0d0d0a, uint32(0x1a2b3c4d), uint16(1), uint16(0), uint64(0), uint16(4), uint16(1)), 0,
				"at byte 0: a block with an option that does not end within it",
			},
			{
				"option of a packet", join(pcapng, enhanced(o, 0, 0, 1, "a", uint16(1), uint16(0xffff))), 1,
				"at byte 84: a block with an option that does not end within it",
			},
		} {
			t.Run(name+" "+tc.name, func(t *testing.T) {
				for _, ahead := range []bool{false, true} {
					got, err := read(tc.file, capfile.ReaderOptions{Name: "a.pcap", ReadAhead: ahead})
					if err == nil || err.Error() != "read a.pcap: "+tc.want {
						t.Errorf("got  %v\nwant read a.pcap: %s", err, tc.want)
					}
					if _, ok := errors.AsType[*capfile.Error](err); !ok {
						t.Errorf("got a %T", err)
					}
					if len(got) != tc.packets {
						t.Errorf("got %d packets in front of the damage, want %d", len(got), tc.packets)
					}
				}
			})
		}
	}
}

// Wherever a file is cut, the whole packets in front of the cut are read, and an
// error follows unless the cut is between two packets or blocks.
func TestCutAnywhere(t *testing.T) {
	packets := samplePackets(5)
	for _, format := range []capfile.Format{capfile.Pcap, capfile.Pcapng} {
		o := capfile.WriterOptions{Encoder: capfile.Encoder{Format: format}}
		whole := write(t, o, packets...)
		ends := map[int]int{len(write(t, o)): 0} // length of a file -> its packets
		for n := range packets {
			ends[len(write(t, o, packets[:n+1]...))] = n + 1
		}
		want := 0
		for cut := range whole {
			n, isEnd := ends[cut]
			if isEnd {
				want = n
			}
			got, err := read(whole[:cut], capfile.ReaderOptions{})
			if len(got) != want {
				t.Errorf("%v cut at %d: got %d packets, want %d", format, cut, len(got), want)
			}
			// A section and its interface are blocks too.
			if format == capfile.Pcap && (err == nil) != isEnd {
				t.Errorf("%v cut at %d: got %v", format, cut, err)
			}
		}
	}
}

// Interfaces are the one thing that a reader must remember.
func TestTooManyInterfaces(t *testing.T) {
	file := section(le)
	for range capfile.MaxInterfaces + 1 {
		file = append(file, iface(le, 1, 0)...)
	}
	_, err := read(file, capfile.ReaderOptions{})
	if want := "read capture: at byte 163868: more than 8192 interfaces in a section"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestErrorStays(t *testing.T) {
	r := capfile.NewFiles(t.Context(), nil, capfile.FilesOptions{})
	dst := make([]pipeline.Packet, 1)
	for range 2 {
		if n, err := r.ReadBatch(dst); n != 0 || err != io.EOF {
			t.Errorf("got %d packets and %v", n, err)
		}
	}
}
