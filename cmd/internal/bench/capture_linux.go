package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// writeCapture writes a capture of so many packets, ten microseconds apart: PTBs
// of both IP versions from 2 times 65,536 routers, and as many TCP segments. It is
// always the same.
func writeCapture(path string, packets int) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := capfile.NewWriter(f, capfile.WriterOptions{Encoder: capfile.Encoder{Format: capfile.FormatOf(path)}})
	random := rand.New(rand.NewPCG(1, 1))
	ptbs := slices.Concat(flood.Forger{Target: target4}.Frames(1), flood.Forger{Target: target6}.Frames(1))
	segment := segment()
	for i := range packets {
		data := segment
		if kind := random.Uint32() % 4; kind < 2 {
			data = ptbs[kind]
			router := random.Uint64N(1 << 16)
			flood.ForgeBy(func() uint64 { return router }, data)
		}
		p := pipeline.Packet{
			Data: data, Length: len(data), LinkType: linklayer.Ethernet,
			Time: pipelinetest.Begin + pipeline.Instant(i)*10_000,
		}
		if err := w.Write(&p); err != nil {
			return fmt.Errorf("write capture: %w", err)
		}
	}
	return errors.Join(w.Flush(), f.Sync()) // the disk is to be idle when the programs run
}

// segment returns an Ethernet frame with 200 bytes of TCP.
func segment() []byte {
	f := make([]byte, 14+20+20+200)
	copy(f, []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0})
	binary.BigEndian.PutUint16(f[16:], uint16(len(f)-14))
	f[14+8], f[14+9] = 64, 6
	copy(f[14+12:], []byte{198, 51, 100, 7, 192, 0, 2, 1})
	return f
}
