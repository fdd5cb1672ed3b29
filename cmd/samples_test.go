package cmd_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

const samples = "../testdata/replay"

// TestSamples compares the captures of testdata/replay with what they are made of,
// and runs the tests there.
func TestSamples(t *testing.T) {
	for name, packets := range map[string][]pipeline.Packet{
		"ports.pcap":       portsSample(),
		"rates.pcapng.zst": ratesSample(),
		"peers.pcap.gz":    peersSample(),
		"clients.pcap.zst": clientsSample(),
		"forged.pcap":      forgedSample(),
	} {
		path := filepath.Join(samples, name)
		if *goldentest.Update {
			if err := os.WriteFile(path, encodeCapture(t, name, packets), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(packets, readCapture(t, path), cmp.Comparer(samePacket)); diff != "" {
			t.Errorf("%s is not what it is made of (-want +got):\n%s", name, diff)
		}
	}
	got := run(t, "test", samples)
	if got.status != 0 {
		t.Errorf("exit status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
	if !strings.HasSuffix(got.stdout, " tests, 0 failed\n") {
		t.Errorf("output is\n%s", got.stdout)
	}
}

func samePacket(a, b pipeline.Packet) bool {
	return a.Time == b.Time && a.LinkType == b.LinkType && a.Length == b.Length && bytes.Equal(a.Data, b.Data)
}

// portsSample is about several ports, MTUs and forms of messages.
func portsSample() (packets []pipeline.Packet) {
	for i, m := range []pipelinetest.PTB{
		{SrcPort: 80},
		{SrcPort: 443, Router: netip.MustParseAddr("203.0.113.2")},
		{SrcPort: 8081, Router: netip.MustParseAddr("203.0.113.3")},
		{SrcPort: 443, Router: netip.MustParseAddr("2001:db8:f::1"), MTU: 1280},
		{SrcPort: 80, Router: netip.MustParseAddr("203.0.113.4"), VLAN: 7},
		{SrcPort: 22, Router: netip.MustParseAddr("203.0.113.5"), MTU: 576},
		{SrcPort: 25, Router: netip.MustParseAddr("203.0.113.6"), MTU: 9000},
	} {
		packets = append(packets, m.Packet(pipelinetest.Begin+pipeline.Instant(i)*pipeline.Instant(100*time.Millisecond)))
	}
	echo := pipelinetest.PTB{}.Packet(packets[len(packets)-1].Time + 1000)
	echo.Data[14+20], echo.Data[14+21] = 8, 0
	return append(packets, echo)
}

// ratesSample is of routers that send at all rates up to some messages a second.
func ratesSample() (packets []pipeline.Packet) {
	random := rand.New(rand.NewPCG(1, 2))
	at := pipelinetest.Begin
	for range 300 {
		at += pipeline.Instant(random.Uint64N(uint64(200 * time.Millisecond)))
		router := byte(random.Uint32N(1 + random.Uint32N(20)))
		m := pipelinetest.PTB{
			Router:  netip.AddrFrom4([4]byte{203, 0, 113, 1 + router}),
			MTU:     1200 + 100*random.Uint32N(3),
			SrcPort: []uint16{80, 443, 443, 8000, 22}[random.IntN(5)],
		}
		if router%4 == 3 {
			m.Router = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 0xf, 15: router})
		}
		packets = append(packets, m.Packet(at))
	}
	return packets
}

// peersSample holds messages of routers, two of which came from a peer.
func peersSample() (packets []pipeline.Packet) {
	for i, router := range []string{"203.0.113.1", "192.0.2.3", "203.0.113.2", "2001:db8:f::1", "2001:db8::2", "2001:db8:f::2"} {
		m := pipelinetest.PTB{Router: netip.MustParseAddr(router)}
		packets = append(packets, m.Packet(pipelinetest.Begin+pipeline.Instant(i)*pipeline.Instant(time.Second)))
	}
	return packets
}

// clientsSample is of one access router that speaks for 24 clients in three
// seconds, most of whom have several connections and send again and again.
func clientsSample() (packets []pipeline.Packet) {
	random := rand.New(rand.NewPCG(3, 4))
	at := pipelinetest.Begin
	for range 200 {
		at += pipeline.Instant(random.Uint64N(30_000)) * pipeline.Instant(time.Microsecond)
		client := byte(1 + random.Uint32N(1+random.Uint32N(24)))
		m := pipelinetest.PTB{
			Client:  netip.AddrFrom4([4]byte{198, 51, 100, client}),
			MTU:     1492,
			DstPort: 40000 + uint16(random.Uint32N(4)),
		}
		if client%4 == 0 {
			m.Router = netip.MustParseAddr("2001:db8:f::1")
			m.Client = netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 0xc, 15: client})
		}
		if client == 5 && random.Uint32N(3) == 0 {
			m.MTU = 1280 // its path has changed
		}
		packets = append(packets, m.Packet(at))
	}
	return packets
}

// forgedSample holds sound messages, and others that only look like some: with wrong
// checksums, from impossible routers, about what was not too big or not ours.
func forgedSample() (packets []pipeline.Packet) {
	router6 := netip.MustParseAddr("2001:db8:f::1")
	for _, f := range []struct {
		message pipelinetest.PTB
		change  func(frame []byte) // after checksums were computed
	}{
		{pipelinetest.PTB{}, nil},
		{pipelinetest.PTB{Router: router6}, nil},
		{pipelinetest.PTB{MTU: 576, SrcPort: 8443}, nil},
		{pipelinetest.PTB{}, func(frame []byte) { frame[14+8]-- }},
		{pipelinetest.PTB{}, func(frame []byte) { frame[14+20+7]++ }},
		{pipelinetest.PTB{Router: router6}, func(frame []byte) { frame[14+40+7]++ }},
		{pipelinetest.PTB{}, func(frame []byte) { frame[14+3]++ }},
		{pipelinetest.PTB{Router: netip.MustParseAddr("127.0.0.1")}, nil},
		{pipelinetest.PTB{Router: netip.MustParseAddr("::")}, nil},
		{pipelinetest.PTB{MTU: 296}, nil},
		{pipelinetest.PTB{Router: router6, MTU: 1000}, nil},
		{pipelinetest.PTB{MTU: 9000}, nil},
		{pipelinetest.PTB{Client: netip.MustParseAddr("239.1.2.3")}, nil},
		{pipelinetest.PTB{Target: netip.MustParseAddr("192.0.2.99")}, nil},
		{pipelinetest.PTB{Router: router6, Target: netip.MustParseAddr("2001:db8:99::1")}, nil},
	} {
		p := f.message.Packet(pipelinetest.Begin + pipeline.Instant(len(packets))*pipeline.Instant(time.Second))
		if f.change != nil {
			f.change(p.Data)
		}
		packets = append(packets, p)
	}
	return packets
}

// encodeCapture returns a capture file of the kind that its name has.
func encodeCapture(t *testing.T, name string, packets []pipeline.Packet) []byte {
	t.Helper()
	var file bytes.Buffer
	out := io.WriteCloser(nopCloser{&file})
	var err error
	switch filepath.Ext(name) {
	case ".gz":
		out = gzip.NewWriter(&file)
	case ".zst":
		out, err = zstd.NewWriter(&file, zstd.WithEncoderConcurrency(1))
	}
	if err != nil {
		t.Fatal(err)
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	w := capfile.NewWriter(out, capfile.WriterOptions{Encoder: capfile.Encoder{Format: capfile.FormatOf(name)}})
	for i := range packets {
		err = errors.Join(err, w.Write(&packets[i]))
	}
	if err := errors.Join(err, w.Flush(), out.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func readCapture(t *testing.T, path string) (packets []pipeline.Packet) {
	t.Helper()
	r, err := capfile.Open(path, capfile.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	batch := make([]pipeline.Packet, 256)
	for {
		n, err := r.ReadBatch(batch)
		if errors.Is(err, io.EOF) {
			return packets
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range batch[:n] {
			p.Data = bytes.Clone(p.Data)
			packets = append(packets, p)
		}
	}
}
