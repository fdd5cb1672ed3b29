package nflogbench

import (
	"context"
	"net/netip"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// routers is the number of routers whose PTBs are a flood.
const routers = 64

// flood sends PTBs to the host, at a rate for a time.
func (n *network) flood(ctx context.Context, rate int, length time.Duration) error {
	return n.router.Do(func() error {
		sender, err := flood.Open("eth0", newFrames())
		if err != nil {
			return err
		}
		defer sender.Close()
		return onCPU(floodCPU, func() error {
			_, err := sender.Run(ctx, rate, length, nil)
			return err
		})
	})
}

// newFrames returns PTBs, each of another router.
func newFrames() [][]byte {
	frames := make([][]byte, routers)
	for i := range frames {
		frames[i] = pipelinetest.PTB{Router: netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})}.Frame()
	}
	return frames
}
