package livebench

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// frames is the number of frames of a flood, IPv4 and IPv6 in turn.
const frames = 64

// Addresses of routers: 198.18.0.0/15 is for benchmarks (RFC 2544), 2001:db8::/32
// for documentation. Together they are more than a million.
var (
	router4 = netip.MustParseAddr("198.18.0.0")
	router6 = netip.MustParseAddr("2001:db8::1")
)

const (
	router4Bits = 17
	router6Bits = 20
)

// Offsets in the frames.
const (
	ipv4Checksum   = 14 + 10
	ipv4SourceEnd  = 14 + 16
	ipv6SourceHigh = 14 + 8 + 4 // behind 2001:db8
)

// newFrames returns PTBs of both IP versions to the hardware address.
func newFrames(to [6]byte) [][]byte {
	messages := make([][]byte, frames)
	for i := range messages {
		router := router4
		if i%2 == 1 {
			router = router6
		}
		messages[i] = pipelinetest.PTB{Router: router, DstMAC: to}.Frame()
	}
	return messages
}

// forge returns what gives frames other routers.
func forge(random *rand.Rand) func(frame []byte) {
	return func(frame []byte) {
		r := random.Uint32()
		if frame[14]>>4 == 6 {
			binary.BigEndian.PutUint32(frame[ipv6SourceHigh:], r>>(32-router6Bits))
			return
		}
		low := frame[ipv4SourceEnd-3 : ipv4SourceEnd]
		r = 18<<16 | r>>(32-router4Bits)
		low[0], low[1], low[2] = byte(r>>16), byte(r>>8), byte(r)
		sumIPv4(frame[14:34])
	}
}

// sumIPv4 renews the checksum of an IPv4 header without options.
func sumIPv4(ip []byte) {
	ip[10], ip[11] = 0, 0
	var sum uint32
	for i := 0; i < len(ip); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	sum = sum>>16 + sum&0xffff
	sum += sum >> 16
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum))
}

// flood sends to the host's interface from the wire's CPU.
func (b *bench) flood(ctx context.Context, rate int, long time.Duration) (sent int, err error) {
	host, err := b.network.host.Interface(iface)
	if err != nil {
		return 0, err
	}
	err = b.network.wire.Do(func() error {
		sender, err := flood.Open(iface, newFrames([6]byte(host.HardwareAddr)))
		if err != nil {
			return err
		}
		defer sender.Close()
		forge := forge(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
		return onCPU(b.cpus.wire, func() error {
			sent, err = sender.Run(ctx, rate, long, forge)
			return err
		})
	})
	return sent, err
}
