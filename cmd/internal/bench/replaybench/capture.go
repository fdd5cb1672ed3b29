package replaybench

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// Offsets in the frames made here.
const (
	ipv4Source = 14 + 12
	ipv6Source = 14 + 8
)

// writeCapture writes a capture of so many packets, ten microseconds apart: PTBs
// of both IP versions from many routers, and as many TCP segments that are none.
// It is always the same.
func writeCapture(path string, packets int) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	w := capfile.NewWriter(f, capfile.WriterOptions{Encoder: capfile.Encoder{Format: capfile.FormatOf(path)}})
	random := rand.New(rand.NewPCG(1, 1))
	frames := newFrames()
	for i := range packets {
		p := frames.next(random)
		p.Time = pipelinetest.Begin + pipeline.Instant(i)*10_000
		if err := w.Write(&p); err != nil {
			return fmt.Errorf("write capture: %w", err)
		}
	}
	return w.Flush()
}

type frames struct{ ptb4, ptb6, segment []byte }

func newFrames() frames {
	return frames{
		ptb4:    pipelinetest.PTB{}.Frame(),
		ptb6:    pipelinetest.PTB{Router: netip.MustParseAddr("2001:db8:f::1")}.Frame(),
		segment: segment(),
	}
}

// segment returns an Ethernet frame with 200 octets of TCP.
func segment() []byte {
	f := make([]byte, 14+20+20+200)
	copy(f, []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0})
	binary.BigEndian.PutUint16(f[16:], uint16(len(f)-14))
	f[14+8], f[14+9] = 64, 6
	copy(f[ipv4Source:], []byte{198, 51, 100, 7, 192, 0, 2, 1})
	return f
}

func (f frames) next(random *rand.Rand) pipeline.Packet {
	data, source := f.segment, ipv4Source
	switch n := random.Uint32(); n % 4 {
	case 0:
		data = f.ptb4
	case 1:
		data, source = f.ptb6, ipv6Source+12
	}
	binary.BigEndian.PutUint16(data[source+2:], uint16(random.Uint32()))
	return pipeline.Packet{Data: data, Length: len(data), LinkType: pipeline.LinkEthernet}
}
