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
