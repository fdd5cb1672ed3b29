package peers_test

import (
	"net"
	"net/netip"
	"runtime"
	"testing"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

var benchFamilies = []struct {
	name string
	ipv6 bool
}{{"IPv4", false}, {"IPv6", true}}

// BenchmarkPeers measures the CPU time of one message to 256 peers, up to a
// host that drops everything on arrival.
func BenchmarkPeers(b *testing.B) {
	for _, family := range benchFamilies {
		b.Run(family.name, func(b *testing.B) {
			_, peers := many(b, family.ipv6, 256)
			b.Run("sink", func(b *testing.B) {
				sink := openFor(b, peers...)
				p := ptb(family.ipv6, 1400)
				p.Decode()
				batch, failed := []*pipeline.Packet{&p}, make([]pipeline.Reason, 1)
				benchmarkCPU(b, len(peers), func() { sink.Deliver(batch, failed) })
			})
			b.Run("WriteBatch", func(b *testing.B) {
				benchmarkCPU(b, len(peers), writeBatch(b, family.ipv6, peers))
			})
		})
	}
}

// benchmarkCPU reports the CPU time of send for each peer. On a machine that does
// other things too, it says more than the time that passes.
func benchmarkCPU(b *testing.B, peers int, send func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	send() // finds the neighbour
	before := threadCPU(b)
	for b.Loop() {
		send()
	}
	b.ReportMetric(float64(threadCPU(b)-before)/float64(b.N*peers), "cpu-ns/peer")
}

func threadCPU(b *testing.B) int64 {
	var ts unix.Timespec
	netns.Must(b, unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts))
	return ts.Nano()
}

// writeBatch returns a function that sends as the sink does, by golang.org/x/net.
func writeBatch(b *testing.B, isIPv6 bool, peers []string) func() {
	network, any := "ip4:icmp", "0.0.0.0"
	if isIPv6 {
		network, any = "ip6:ipv6-icmp", "::"
	}
	c, err := net.ListenPacket(network, any)
	netns.Must(b, err)
	b.Cleanup(func() { c.Close() })
	p := ptb(isIPv6, 1400)
	p.Decode()
	messages := make([]ipv4.Message, len(peers))
	for i, peer := range peers {
		messages[i] = ipv4.Message{
			Buffers: [][]byte{p.Data[p.ICMP:]},
			Addr:    &net.IPAddr{IP: netip.MustParseAddr(peer).AsSlice()},
		}
	}
	if isIPv6 {
		c6 := ipv6.NewPacketConn(c)
		netns.Must(b, c6.SetHopLimit(59))
		return func() { writeAll(b, messages, c6.WriteBatch) }
	}
	c4 := ipv4.NewPacketConn(c)
	netns.Must(b, c4.SetTTL(59))
	return func() { writeAll(b, messages, c4.WriteBatch) }
}

func writeAll(b *testing.B, messages []ipv4.Message, write func([]ipv4.Message, int) (int, error)) {
	for len(messages) > 0 {
		n, err := write(messages, 0)
		netns.Must(b, err)
		messages = messages[n:]
	}
}
