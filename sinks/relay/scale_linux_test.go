package relay_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/relay"
)

var families = []struct{ name, prefix, gateway string }{
	{"IPv4", "10.98.0.0/16", "10.99.0.2"},
	{"IPv6", "fd98::/64", "fd99::2"},
}

// TestManyPeers sends one message to many peers: each gets it once, by as few system calls
// as there can be, so that the last gets it right after the first.
func TestManyPeers(t *testing.T) {
	for _, tc := range []struct {
		peers, calls int
	}{
		{256, 1},
		{4096, 4},
	} {
		for _, family := range families {
			t.Run(fmt.Sprint(tc.peers, " ", family.name), func(t *testing.T) {
				host, list := many(t, family.prefix, family.gateway, tc.peers)
				c, sink := newStamped(t, host, tc.peers), open(t, settings(t, list...))
				best := time.Duration(math.MaxInt64)
				for i := range 20 {
					before, spread := sink.SystemCalls(), c.spread(tc.peers)
					if got := deliver(sink, ptb(false, uint32(1000+i))); got != "" {
						t.Fatal(got)
					}
					if calls := sink.SystemCalls() - before; calls != tc.calls {
						t.Errorf("%d system calls, want %d", calls, tc.calls)
					}
					best = min(best, <-spread)
				}
				t.Logf("from the first to the last of %d peers: %v", tc.peers, best)
			})
		}
	}
}

// many makes a host that has all addresses of a prefix, and returns n of them.
func many(t testing.TB, prefix, gateway string, n int) (host *netns.NS, peers []string) {
	t.Helper()
	host = newPeer(t)
	netns.Must(t, netns.Own(t).Route(prefix, gateway), host.Do(func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		dst, err := netlink.ParseIPNet(prefix)
		if err != nil {
			return err
		}
		return netlink.RouteAdd(&netlink.Route{
			LinkIndex: lo.Attrs().Index, Dst: dst, Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL, Scope: unix.RT_SCOPE_HOST,
		})
	}))
	for addr := netip.MustParsePrefix(prefix).Addr().Next(); len(peers) < n; addr = addr.Next() {
		peers = append(peers, addr.String())
	}
	return host, peers
}

// stamped receives datagrams with the time that the kernel had them.
type stamped struct {
	t    testing.TB
	conn *net.UDPConn
}

// newStamped has room for n datagrams.
func newStamped(t testing.TB, ns *netns.NS, n int) *stamped {
	t.Helper()
	conn, err := ns.ListenPacket("udp", "[::]:4821")
	netns.Must(t, err)
	t.Cleanup(func() { conn.Close() })
	udp := conn.(*net.UDPConn)
	raw, err := udp.SyscallConn()
	netns.Must(t, err)
	netns.Must(t, raw.Control(func(fd uintptr) {
		netns.Must(t, unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1))
		netns.RequireRoom(t, int(fd), n)
	}))
	return &stamped{t, udp}
}

// spread takes the next n datagrams, while they come, and sends the time from the first to
// the last.
func (s *stamped) spread(n int) <-chan time.Duration {
	done := make(chan time.Duration, 1)
	go func() { done <- s.take(n) }()
	return done
}

func (s *stamped) take(n int) time.Duration {
	var first, last time.Time
	buffer, oob := make([]byte, 2048), make([]byte, 128)
	_ = s.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	for i := range n {
		_, size, _, _, err := s.conn.ReadMsgUDP(buffer, oob)
		if err != nil {
			s.t.Errorf("after %d datagrams: %v", i, err)
			return 0
		}
		at := stamp(oob[:size])
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	return last.Sub(first)
}

func stamp(oob []byte) time.Time {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(messages) == 0 || len(messages[0].Data) < 16 {
		return time.Time{}
	}
	data := messages[0].Data
	return time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
}

// BenchmarkRelay measures the CPU time of one message to 256 peers, up to a host that has no
// socket with room for them.
func BenchmarkRelay(b *testing.B) {
	for _, family := range families {
		b.Run(family.name, func(b *testing.B) {
			host, list := many(b, family.prefix, family.gateway, 256)
			newStamped(b, host, 1)
			sink := open(b, settings(b, list...))
			p := ptb(false, 1400)
			p.Decode()
			batch, failed := []*pipeline.Packet{&p}, make([]pipeline.Reason, 1)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			b.ReportAllocs()
			before, id := threadCPU(b), uint32(0)
			for b.Loop() {
				id++
				binary.BigEndian.PutUint32(p.Data[len(p.Data)-4:], id) // another packet each
				if sink.Deliver(batch, failed); failed[0] != pipeline.Pass {
					b.Fatal(relay.Plugin().Reasons[failed[0]-1].Name)
				}
			}
			b.ReportMetric(float64(threadCPU(b)-before)/float64(b.N*len(list)), "cpu-ns/peer")
		})
	}
}

func threadCPU(b *testing.B) int64 {
	var ts unix.Timespec
	netns.Must(b, unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts))
	return ts.Nano()
}
