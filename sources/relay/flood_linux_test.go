package relay_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sources/internal/sourcetest"
	"github.com/pmtud/pmtud/sources/relay"
)

// tooMuch is the CPU time in nanoseconds that a datagram must not cost here, on a machine
// that does other things too, or with the race detector. Alone it is some 400 to 900.
const tooMuch = 10_000

// TestFlood sends datagrams that are refused by the hundred thousand, and genuine ones among
// them. Each is counted by its reason or delivered, none costs memory, and none much CPU time.
func TestFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	random := rand.New(rand.NewPCG(1, 2))
	s := newSender(t)
	packet := func(n int) []byte {
		p := make([]byte, n)
		p[0] = 0x45
		binary.BigEndian.PutUint16(p[2:], uint16(n))
		return p
	}
	replay := s.Seal(nil, packet(576), time.Now())
	for _, tc := range []struct {
		name, reason string
		n            int
		datagram     func(buffer []byte, i int) []byte
	}{
		{"random", "", 1_000_000, func(b []byte, _ int) []byte {
			b = b[:600]
			for at := 0; at < len(b); at += 8 {
				binary.NativeEndian.PutUint64(b[at:], random.Uint64())
			}
			return b
		}},
		{"forged", "forged", 100_000, func(b []byte, i int) []byte {
			b = append(b, replay...)
			binary.BigEndian.PutUint64(b[4:], uint64(i)) // another sender each
			return b
		}},
		{"replayed", "replayed", 100_000, func(b []byte, _ int) []byte { return append(b, replay...) }},
		{"truncated", "forged", 100_000, func(b []byte, i int) []byte {
			b = append(b, replay...)
			b[4] ^= 0x80 // a sender that is not known
			return b[:len(b)-1-i%400]
		}},
		{"10 minutes old", "too-old", 100_000, func(b []byte, _ int) []byte {
			return s.Seal(b, packet(576), time.Now().Add(-10*time.Minute))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := tc.n
			if testing.Short() {
				n /= 20
			}
			f := startFlood(t)
			s.send(replay)
			f.await(1)
			burst := newBurst(s)
			before := memory()
			genuine := 0
			for i := range n {
				if i%1000 == 500 {
					burst.add(s.Seal(burst.next(), message(uint16(genuine)), time.Now()))
					genuine++
				}
				burst.add(tc.datagram(burst.next(), i))
				if burst.full() {
					burst.send()
					f.await(uint64(2 + i + genuine)) // so the kernel has room for all
				}
			}
			burst.send()
			f.await(uint64(1 + n + genuine))
			if grown := memory() - before; grown > 8<<20 {
				t.Errorf("%d bytes of memory more", grown)
			}
			f.stop()
			t.Logf("%.0f ns of CPU time for a datagram", f.cpu())
			if f.cpu() > tooMuch {
				t.Errorf("%.0f ns of CPU time for a datagram", f.cpu())
			}
			if f.Lost() > 0 || f.delivered != genuine+1 { // and what is replayed
				t.Errorf("%d lost, %d delivered, want %d", f.Lost(), f.delivered, genuine+1)
			}
			if tc.reason == "" {
				if got := f.refused("malformed") + f.refused("unknown-key"); got != float64(n) {
					t.Errorf("%v refused, want %d", got, n)
				}
			} else if got := f.refused(tc.reason); got != float64(n) {
				t.Errorf("%v refused as %s, want %d", got, tc.reason, n)
			}
		})
	}
}

// burst sends many datagrams by one system call, as a flood comes.
type burst struct {
	s        *sender
	conn     *ipv4.PacketConn
	messages []ipv4.Message
	n        int
}

func newBurst(s *sender) *burst {
	b := &burst{s: s, conn: ipv4.NewPacketConn(s.conn.(*net.UDPConn)), messages: make([]ipv4.Message, 256)}
	for i := range b.messages {
		b.messages[i].Buffers = [][]byte{make([]byte, 0, 2048)}
	}
	return b
}

// next returns the room for the next datagram.
func (b *burst) next() []byte { return b.messages[b.n].Buffers[0][:0] }

func (b *burst) add(datagram []byte) {
	b.messages[b.n].Buffers[0] = datagram
	b.n++
}

func (b *burst) full() bool { return b.n > len(b.messages)-2 }

func (b *burst) send() {
	for sent := 0; sent < b.n; {
		n, err := b.conn.WriteBatch(b.messages[sent:b.n], 0)
		netns.Must(b.s.t, err)
		sent += n
	}
	b.n = 0
}

func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// flood is a source whose Run has a thread for itself.
type flood struct {
	source
	t         testing.TB
	cancel    context.CancelFunc
	done      chan error
	delivered int
	nanos     int64 // CPU time of Run
}

func startFlood(t testing.TB) *flood {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	f := &flood{source: source{sourcetest.New(t, relay.Plugin(), settings(), pipelinetest.Env(t))}, t: t, cancel: cancel, done: make(chan error)}
	netns.Must(t, f.Open(ctx))
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		before := threadCPU()
		err := f.Run(ctx, func(batch []pipeline.Packet) { f.delivered += len(batch) })
		f.nanos = threadCPU() - before
		f.done <- err
	}()
	return f
}

func threadCPU() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

// await waits until the source has received n datagrams.
func (f *flood) await(n uint64) {
	f.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); uint64(f.Measured("received_datagrams_total", ""))+f.Lost() < n; {
		if time.Now().After(deadline) {
			f.t.Fatalf("not %d datagrams after 60 s", n)
		}
		time.Sleep(20 * time.Microsecond)
	}
}

func (f *flood) stop() {
	f.t.Helper()
	f.cancel()
	netns.Must(f.t, <-f.done, f.Close())
}

// cpu returns the time for a datagram in nanoseconds.
func (f *flood) cpu() float64 {
	return float64(f.nanos) / f.Measured("received_datagrams_total", "")
}

// BenchmarkReceive measures the CPU time of genuine datagrams, each from its socket to the
// pipeline.
func BenchmarkReceive(b *testing.B) {
	f := startFlood(b)
	burst := newBurst(newSender(b))
	p := message(0)
	sent := uint64(0)
	for b.Loop() {
		binary.BigEndian.PutUint32(p[len(p)-4:], uint32(sent))
		burst.add(burst.s.Seal(burst.next(), p, time.Now()))
		if sent++; burst.full() {
			burst.send()
			f.await(sent)
		}
	}
	burst.send()
	f.await(sent)
	f.stop()
	b.ReportMetric(f.cpu(), "cpu-ns/datagram")
}
