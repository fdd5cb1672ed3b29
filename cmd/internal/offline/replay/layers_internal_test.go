package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode"

	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestDissect dissects packets of captures: of several link types, with a quote that is
// cut, and without a message.
func TestDissect(t *testing.T) {
	var got strings.Builder
	for _, c := range []struct {
		path   string
		number int
	}{
		{"replay/forged.pcap", 3},
		{"vectors/public.pcap", 1},
		{"vectors/public.pcap", 30},
		{"vectors/public.pcap", 95},
		{"cases/qinq.pcap", 1},
		{"cases/v6ext.pcap", 1},
		{"cases/quote-without-transport-v6.pcap", 1},
		{"cases/sll-out.pcap", 1},
		{"cases/ppp.pcap", 1},
		{"cases/nflog.pcap", 1},
	} {
		p := packetOf(t, "../../../../testdata/"+c.path, c.number)
		fmt.Fprintf(&got, "# packet %d of %s\n%s\n", c.number, c.path, dissect(&p))
	}
	goldentest.Compare(t, "testdata/layers.txt", got.String())
}

// packetOf returns a packet of a capture, counted from 1.
func packetOf(t *testing.T, path string, number int) pipeline.Packet {
	t.Helper()
	r, err := capfile.Open(path, capfile.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	batch := make([]pipeline.Packet, 1)
	for range number {
		if n, err := r.ReadBatch(batch); n != 1 {
			t.Fatalf("%s ends before packet %d: %v", path, number, err)
		} else if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	batch[0].Data = bytes.Clone(batch[0].Data)
	batch[0].Decode()
	return batch[0]
}

// TestDissectHostile dissects hostile packets of all link types: what is in them changes
// no terminal, and each has the heading of a message.
func TestDissectHostile(t *testing.T) {
	for i, p := range pipelinetest.Packets() {
		if i%5 != 0 {
			continue
		}
		p.Decode()
		text := dissect(&p)
		if !strings.HasPrefix(text, "message, ") || len(p.Quote()) > 0 != strings.Contains(text, "\nquoted packet, ") {
			t.Fatalf("packet %d: % x\n%s", i, p.Data, text)
		}
		if at := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); at >= 0 {
			t.Fatalf("packet %d: a character at %d of %q", i, at, text)
		}
	}
}

// FuzzDissect has packets of every link type.
func FuzzDissect(f *testing.F) {
	for i, p := range pipelinetest.Packets() {
		if i%97 == 0 {
			f.Add(uint16(p.LinkType), p.Data)
		}
	}
	f.Fuzz(func(t *testing.T, link uint16, data []byte) {
		p := pipeline.Packet{Data: data, Length: len(data), LinkType: linklayer.Type(link)}
		p.Decode()
		text := dissect(&p)
		if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
			t.Errorf("%q", text)
		}
	})
}
