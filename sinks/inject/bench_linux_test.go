package inject_test

import (
	"encoding/binary"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

// BenchmarkDeliver injects messages that are all different, through a pair of devices.
func BenchmarkDeliver(b *testing.B) {
	host := newHost(b)
	sink, _ := open(b, host, nil)
	for _, name := range []string{"IPv4", "IPv6"} {
		b.Run(name, func(b *testing.B) {
			p := message{plan: plans[name], port: 1, mtu: 1400, ttl: 60}.packet()
			batch, failed := []*pipeline.Packet{p}, make([]pipeline.Reason, 1)
			b.ReportAllocs()
			for n := uint32(0); b.Loop(); n++ {
				binary.BigEndian.PutUint32(p.Data[len(p.Data)-4:], n)
				p.Clock += 1000
				sink.Deliver(batch, failed)
			}
		})
	}
}
