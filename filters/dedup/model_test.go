package dedup_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/filters/dedup"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// news is what the default key is made of.
type news struct{ client, mtu int }

// model is the filter in the plainest way: it keeps all times at which copies of
// the news that it remembers passed, and the order of the last ones.
type model struct {
	copies, size int
	window       pipeline.Instant
	passed       map[news][]pipeline.Instant
	order        []news
	early        int
}

func (m *model) duplicate(n news, now pipeline.Instant) bool {
	copies := 0
	for _, t := range m.passed[n] {
		if now-t < m.window {
			copies++
		}
	}
	return copies >= m.copies
}

func (m *model) pass(n news, now pipeline.Instant) {
	if i := slices.Index(m.order, n); i >= 0 {
		m.order = slices.Delete(m.order, i, i+1)
	} else if len(m.order) == m.size {
		m.forget(m.order[0], now)
	}
	m.order = append(m.order, n)
	m.passed[n] = append(m.passed[n], now)
}

func (m *model) forget(n news, now pipeline.Instant) {
	if now-slices.Max(m.passed[n]) < m.window {
		m.early++
	}
	delete(m.passed, n)
	m.order = m.order[1:]
}

// TestAgainstModel asks the filter and the model about random messages, some of
// which another filter refuses.
func TestAgainstModel(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	duplicates := 0
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 9))
		m := &model{
			copies: 1 + random.IntN(4), size: 1 + random.IntN(12),
			window: pipeline.Instant(time.Duration(1+random.IntN(20)) * time.Millisecond),
			passed: map[news][]pipeline.Instant{},
		}
		t.Run(fmt.Sprintf("%d copies in %v, %d entries", m.copies, time.Duration(m.window), m.size), func(t *testing.T) {
			s := settings()
			s.Copies, s.Window, s.MaxEntries = m.copies, time.Duration(m.window), m.size
			duplicates += compare(t, random, m, build(t, s))
		})
	}
	if duplicates < 10_000 {
		t.Errorf("only %d duplicates among the messages", duplicates)
	}
}

// compare returns how many messages were duplicates.
func compare(t *testing.T, random *rand.Rand, m *model, f pipeline.Limiter) (duplicates int) {
	kinds := 1 + random.IntN(2*m.size)
	frames := frames(kinds)
	now := pipelinetest.Begin
	for i := range 5000 {
		now += pipeline.Instant(random.IntN(3)) * pipeline.Instant(random.IntN(2_000_000))
		n := news{random.IntN(kinds), random.IntN(2)}
		p := pipeline.Packet{Data: frames[n], LinkType: linklayer.Ethernet, Clock: now}
		p.Decode()
		reason, want := f.Filter(&p), m.duplicate(n, now)
		if (reason == dedup.Duplicate) != want {
			t.Fatalf("message %d: reason %d, duplicate by the model: %v", i, reason, want)
		}
		if want {
			duplicates++
		} else if random.IntN(8) > 0 {
			f.Charge(&p)
			m.pass(n, now)
		}
		if diff := cmp.Diff([]float64{float64(len(m.order)), float64(m.early)}, measure(f)); diff != "" {
			t.Fatalf("message %d: entries and early evictions (-want +got):\n%s", i, diff)
		}
	}
	return duplicates
}

// frames returns a message for each news about so many clients, with two MTUs.
func frames(clients int) map[news][]byte {
	frames := map[news][]byte{}
	for client := range clients {
		for mtu := range 2 {
			m := pipelinetest.PTB{Client: netip.AddrFrom4([4]byte{198, 51, 100, byte(client)}), MTU: 1280 + uint32(mtu)}
			frames[news{client, mtu}] = m.Frame()
		}
	}
	return frames
}

// measure returns the values of all metrics.
func measure(f pipeline.Filter) (values []float64) {
	f.(pipeline.Measurer).Measure(func(metric int, _ string, value float64) {
		values = append(values, make([]float64, max(metric+1-len(values), 0))...)
		values[metric] = value
	})
	return values
}

// TestForgedClientsForgetNobody floods the filter for ten seconds from forged
// clients, all different, with a limit of the total behind it, and a table as large
// as the documentation says that it must be then: no key is forgotten early.
func TestForgedClientsForgetNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	const rate, burst = 1000, 500
	s := settings()
	s.MaxEntries = rate + burst
	p := withRate(t, s, rate, burst)
	one := []pipeline.Packet{pipelinetest.PTB{}.Packet(pipelinetest.Begin)}
	m := &one[0]
	m.Decode()
	client := m.Quote()[16:20]
	forwarded := 0
	for i := range uint32(1_000_000) {
		m.Time = pipelinetest.Begin + pipeline.Instant(i)*pipeline.Instant(10*time.Microsecond)
		client[0], client[1], client[2], client[3] = byte(i>>24), byte(i>>16), byte(i>>8), byte(i)
		if _, err := p.Decide(one, nil); err != nil {
			t.Fatal(err)
		}
		if m.Verdict.Forward() {
			forwarded++
		}
	}
	if want := 10*rate + burst; forwarded < want-1 || forwarded > want {
		t.Errorf("%d messages forwarded, want %d", forwarded, want)
	}
	got := map[string]float64{}
	for _, stage := range p.Stages() {
		if m, ok := stage.(pipeline.Measurer); ok {
			m.Measure(func(metric int, _ string, value float64) { got[dedup.Plugin().Metrics[metric].Name] = value })
		}
	}
	if diff := cmp.Diff(map[string]float64{"entries": rate + burst, "early_evictions_total": 0}, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// BenchmarkDedup measures a duplicate, and messages that all pass and each make an
// old key go.
func BenchmarkDedup(b *testing.B) {
	b.Run("duplicate", func(b *testing.B) {
		f := build(b, settings())
		p := message('a', 0)
		for range 2 {
			pipelinetest.Decide(f, &p)
		}
		b.ReportAllocs()
		for b.Loop() {
			if f.Filter(&p) == pipeline.Pass {
				b.Fatal("a third copy passes")
			}
		}
	})
	for _, size := range []int{1000, 65_536, 1_000_000} {
		b.Run(fmt.Sprintf("churn/%d", size), func(b *testing.B) {
			s := settings()
			s.MaxEntries = size
			f := build(b, s)
			p := message('a', 0)
			p.Decode()
			client := p.Quote()[16:20]
			b.ReportAllocs()
			for i := uint32(0); b.Loop(); i++ {
				client[0], client[1], client[2], client[3] = byte(i>>24), byte(i>>16), byte(i>>8), byte(i)
				if f.Filter(&p) == pipeline.Pass {
					f.Charge(&p)
				}
			}
		})
	}
}
