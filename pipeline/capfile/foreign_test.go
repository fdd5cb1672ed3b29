package capfile_test

import (
	"bytes"
	"testing"
	"testing/iotest"

	"github.com/pmtud/pmtud/pipeline/capfile"
)

// What a file is that is no capture of ours is said with what makes one of it.
func TestForeign(t *testing.T) {
	pad := make([]byte, 300)
	tar := append(make([]byte, 257), "ustar\x0000"...)
	erf := []byte{0, 0, 0, 0, 0xa5, 0x35, 0x57, 0x69, 2, 4, 0, 80, 0, 0, 0, 60}
	// almost returns a record of an ERF file of which a field was changed.
	almost := func(at int, field ...byte) []byte {
		b := bytes.Clone(erf)
		copy(b[at:], field)
		return b
	}
	seconds := func(n uint32) []byte { return le.AppendUint32(nil, n) }
	const isERF = "neither a pcap nor a pcapng file, but probably an ERF capture; convert it with: editcap -F pcapng a.erf new.pcapng"
	const isNone = "neither a pcap nor a pcapng file: it begins with 00 00 00 00"
	const isText = "neither a pcap nor a pcapng file, but text; write the capture with: tcpdump -w"
	for _, tc := range []struct {
		name, file string
		begin      []byte
		want       string
	}{
		{"snoop", "a.snoop", join([]byte("snoop\x00\x00\x00\x00\x00\x00\x02"), pad), "neither a pcap nor a pcapng file, but a snoop capture; convert it with: editcap -F pcapng a.snoop new.pcapng"},
		{"quoted", "my 'a'.snoop", []byte("snoop\x00\x00\x00"), `neither a pcap nor a pcapng file, but a snoop capture; convert it with: editcap -F pcapng 'my '\''a'\''.snoop' new.pcapng`},
		{"no file", "standard input", []byte("snoop\x00\x00\x00"), `neither a pcap nor a pcapng file, but a snoop capture; convert it with: editcap -F pcapng FILE new.pcapng`},
		{"netmon", "a.cap", join([]byte("GMBU"), pad), "neither a pcap nor a pcapng file, but a Network Monitor 2 capture; convert it with: editcap -F pcapng a.cap new.pcapng"},
		{"ERF", "a.erf", join(erf, pad), "neither a pcap nor a pcapng file, but probably an ERF capture; convert it with: editcap -F pcapng a.erf new.pcapng"},
		{"ERF, header alone", "a.erf", erf, isERF},
		{"ERF, header cut", "a.erf", join(erf[:15]), isNone},
		{"ERF, with extension headers", "a.erf", almost(8, 0x82), isERF},
		{"ERF, last second of the last century", "a.erf", almost(4, seconds(946_684_800)...), isNone},
		{"ERF, first second of this century", "a.erf", almost(4, seconds(946_684_801)...), isERF},
		{"ERF, newest", "a.erf", almost(4, seconds(3_999_999_999)...), isERF},
		{"ERF, too new", "a.erf", almost(4, seconds(4_000_000_000)...), isNone},
		{"ERF, lowest type", "a.erf", almost(8, 1), isERF},
		{"ERF, no type", "a.erf", almost(8, 0x80), isNone},
		{"ERF, highest type", "a.erf", almost(8, 48), isERF},
		{"ERF, type too high", "a.erf", almost(8, 49), isNone},
		{"ERF, shortest record", "a.erf", almost(10, 0, 16), isERF},
		{"ERF, record too short", "a.erf", almost(10, 0, 15), isNone},
		{"ERF, shortest packet", "a.erf", almost(14, 0, 1), isERF},
		{"ERF, no packet", "a.erf", almost(14, 0, 0), isNone},
		{"ERF, longest packet", "a.erf", almost(14, 0x40, 0), isERF},
		{"ERF, packet too long", "a.erf", almost(14, 0x40, 1), isNone},
		{"white space and the last character", "a", []byte("\n\r\t ~"), isText},
		{"text before other bytes", "a", append([]byte("sixteen letters."), 0), isText},
		{"another byte at the end", "a", append([]byte("fifteen letters"), 0x1f), "neither a pcap nor a pcapng file: it begins with 66 69 66 74"},
		{"delete", "a", []byte("text\x7f"), "neither a pcap nor a pcapng file: it begins with 74 65 78 74"},
		{"xz", "a.xz", join([]byte("\xfd7zXZ\x00"), pad), "neither a pcap nor a pcapng file, but compressed with xz; decompress it first: xz -dk a.xz"},
		{"bzip2", "a.bz2", join([]byte("BZh91AY&SY"), pad), "neither a pcap nor a pcapng file, but compressed with bzip2; decompress it first: bzip2 -dk a.bz2"},
		{"lz4", "a.lz4", join([]byte("\x04\x22\x4d\x18"), pad), "neither a pcap nor a pcapng file, but compressed with lz4; decompress it first: lz4 -dk a.lz4"},
		{"zip", "a.zip", join([]byte("PK\x03\x04"), pad), "neither a pcap nor a pcapng file, but a zip archive; unpack it first: unzip a.zip"},
		{"tar", "a.tar", tar, "neither a pcap nor a pcapng file, but a tar archive; unpack it first: tar -xf a.tar"},
		{"hex dump", "a.txt", []byte("0000  02 00 00 00 00 01"), "neither a pcap nor a pcapng file, but a hex dump; convert it with: text2pcap -n a.txt new.pcapng"},
		{"web page", "a.pcap", []byte("<!DOCTYPE html><html>"), "neither a pcap nor a pcapng file, but a web page or XML; download the capture itself"},
		{"text", "a.pcap", []byte("12:00:01.5 IP 192.0.2.1 > 192.0.2.2"), "neither a pcap nor a pcapng file, but text; write the capture with: tcpdump -w"},
		{"nothing known", "a", []byte{1, 2, 3, 4, 5}, "neither a pcap nor a pcapng file: it begins with 01 02 03 04"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, file := range [][]byte{tc.begin, gzipped(t, tc.begin)} {
				_, err := read(file, capfile.ReaderOptions{Name: tc.file})
				if want := "read " + tc.file + ": at byte 0: " + tc.want; err == nil || err.Error() != want {
					t.Errorf("got  %v\nwant %s", err, want)
				}
			}
			r := capfile.NewReader(iotest.OneByteReader(bytes.NewReader(tc.begin)), capfile.ReaderOptions{Name: tc.file})
			if _, err := readAll(r, 1); err == nil {
				t.Error("byte by byte: no error")
			}
		})
	}
}
