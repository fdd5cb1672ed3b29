package capfile_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline/capfile"
)

func TestCompressor(t *testing.T) {
	plain := write(t, capfile.WriterOptions{}, samplePackets(3000)...)
	for _, name := range []string{"a.pcap.gz", "a.pcap.zst", "a.PCAP.GZ"} {
		var files [2]bytes.Buffer
		for i := range files {
			c, err := capfile.Compressor(name, &files[i])
			if err != nil {
				t.Fatal(err)
			}
			for part := range bytes.SplitAfterSeq(plain, []byte("a")) { // in pieces of any size
				if _, err := c.Write(part); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if got := mustRead(t, files[0].Bytes()); len(got) != 3000 {
			t.Errorf("%s: %d packets", name, len(got))
		}
		if bytes.Equal(files[0].Bytes(), plain) || !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
			t.Errorf("%s: not compressed, or not the same each time", name)
		}
	}
	if c, err := capfile.Compressor("a.pcap", nil); c != nil || err != nil {
		t.Errorf("plain: %v, %v", c, err)
	}
	if capfile.Compressed("a.pcap") || !capfile.Compressed("a.pcap.GZ") || !capfile.Compressed("a.pcap.lz4") {
		t.Error("Compressed mistakes an ending")
	}
	if _, err := capfile.Compressor("a.pcap.xz", nil); err == nil || !strings.Contains(err.Error(), "end the name in .gz or .zst") {
		t.Errorf("xz: %v", err)
	}
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]capfile.Format{
		"a.pcap": capfile.Pcap, "a.pcapng": capfile.Pcapng, "a.ntar": capfile.Pcapng, "a": capfile.Pcap,
		"a.pcap.gz": capfile.Pcap, "a.pcapng.gz": capfile.Pcapng, "A.PCAPNG.ZST": capfile.Pcapng, "pcapng.gz": capfile.Pcap,
	} {
		if got := capfile.FormatOf(path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}
