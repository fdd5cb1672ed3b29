package ifacerate_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/filters/mtu"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/setting"
)

func fairBy(rate float64, fields ...key.Field) *ifacerate.Settings {
	s := ifacerate.Plugin().NewSettings().(*ifacerate.Settings)
	s.Rate, s.FairBy = rate, fields
	return s
}

func TestFairPlugin(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, field := range []key.Field{key.Router, key.Client} {
		pipelinetest.TestFilter(t, ifacerate.Plugin(), fairBy(10, field))
	}
	small := fairBy(10, key.Client, key.Router)
	small.MaxKeys = 1
	pipelinetest.TestFilter(t, ifacerate.Plugin(), small)
}

// message is about a client, by a router.
func message(router, client byte, at time.Duration) pipeline.Packet {
	return pipelinetest.PTB{
		Router: netip.AddrFrom4([4]byte{203, 0, 113, router}),
		Client: netip.AddrFrom4([4]byte{198, 51, 100, client}),
	}.Packet(pipelinetest.Begin + pipeline.Instant(at))
}

// TestFairBy has one router ask 1000 times a second about one client after the other,
// and another one ten times, about one client: who of them shares fairly depends on
// the fields.
func TestFairBy(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, tc := range []struct {
		name        string
		fields      []key.Field
		least, most int // of the 100 messages of the other router in ten seconds
	}{
		{"none", nil, 0, 5},
		{"router", []key.Field{key.Router}, 45, 60},
		{"router-prefix", []key.Field{key.RouterPrefix}, 0, 5},
		{"client", []key.Field{key.Client}, 2, 20},
		{"router and client", []key.Field{key.Router, key.Client}, 2, 20},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := ifacerate.New(*fairBy(10, tc.fields...), pipelinetest.Env(t))
			if err != nil {
				t.Fatal(err)
			}
			got := 0
			for i := range 12_000 {
				at := time.Duration(i) * time.Millisecond
				p := message(1, byte(i%20), at)
				pipelinetest.Decide(f, &p)
				if i%100 != 37 {
					continue
				}
				p = message(2, 200, at)
				if pipelinetest.Decide(f, &p) == pipeline.Pass && at > 2*time.Second {
					got++
				}
			}
			if got < tc.least || got > tc.most {
				t.Errorf("%d messages passed, want %d to %d", got, tc.least, tc.most)
			}
		})
	}
}

// TestFairTransaction has a filter behind that refuses the messages of one router:
// they cost nothing, and the router is not remembered.
func TestFairTransaction(t *testing.T) {
	s := fairBy(10, key.Router)
	p, err := pipeline.NewOffline(pipeline.Spec{
		Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)},
		Filters: []pipeline.Stage{
			{Plugin: ifacerate.Plugin(), Settings: s},
			{Plugin: mtu.Plugin(), Settings: &mtu.Settings{Min: 1300, Max: 1500}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	refused := slices.Repeat([]pipeline.Packet{pipelinetest.PTB{MTU: 1200}.Packet(pipelinetest.Begin)}, 1000)
	for i := range refused {
		refused[i].Decode()
	}
	if _, err := p.Decide(refused, nil); err != nil {
		t.Fatal(err)
	}
	for i := range refused {
		if refused[i].Verdict.Stage != "mtu" {
			t.Fatalf("verdict %v", refused[i].Verdict)
		}
	}
	for _, stage := range p.Stages() {
		if m, ok := stage.(pipeline.Measurer); ok {
			m.Measure(func(_ int, share string, value float64) {
				if value != 0 {
					t.Errorf("%v of share %s", value, share)
				}
			})
		}
	}
	packets := slices.Repeat([]pipeline.Packet{message(2, 1, 0)}, 20)
	for i := range packets {
		packets[i].Decode()
	}
	if _, err := p.Decide(packets, nil); err != nil {
		t.Fatal(err)
	}
	for i := range packets {
		if packets[i].Verdict.Forward() != (i < 19) {
			t.Errorf("packet %d: verdict %v", i, packets[i].Verdict)
		}
	}
}

// TestFairSeesWhoAsksAgain: the kernel may refuse newcomers in a shortage, but not all packets.
func TestFairSeesWhoAsksAgain(t *testing.T) {
	f, err := ifacerate.New(*fairBy(10, key.Client), pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		p := pipelinetest.PTB{}.Packet(pipelinetest.Begin + pipeline.Instant(i))
		pipelinetest.Decide(f, &p)
		all, newcomers, _ := f.(pipeline.TotalLimiter).SaturatedUntil(p.Clock)
		if all > p.Clock {
			t.Fatalf("packet %d: everything is refused until %d", i, all)
		}
		want := p.Clock // there were 19 at once
		if i >= 19 {
			want += pipeline.Instant(100 * time.Millisecond)
		}
		if newcomers != want && i != 18 {
			t.Fatalf("packet %d: newcomers are refused for %v, want %v", i, newcomers-p.Clock, want-p.Clock)
		}
	}
}

func TestFairMeasures(t *testing.T) {
	f, err := ifacerate.New(*fairBy(10, key.Client), pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 { // newcomers, and every tenth time a known client
		at := pipelinetest.Begin + pipeline.Instant(i)*1e6
		p := pipelinetest.PTB{Client: netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})}.Packet(at)
		if i%10 == 0 {
			p = pipelinetest.PTB{}.Packet(at)
		}
		pipelinetest.Decide(f, &p)
	}
	got := map[string]float64{}
	f.(pipeline.Measurer).Measure(func(metric int, label string, value float64) {
		if metric != 0 {
			t.Errorf("metric %d", metric)
		}
		got[label] = value
	})
	if len(got) != 4 || got["plenty"] != 19 || got["known"] == 0 || got["open"] == 0 || got["rest"] != 0 {
		t.Errorf("passed by share: %v", got)
	}
}

func TestFairExplains(t *testing.T) {
	f, err := ifacerate.New(*fairBy(10, key.Client), pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range 22 {
		p := message(1, 7, time.Duration(i)*time.Millisecond)
		p.Decode()
		p.Clock = p.Time
		if i == 0 || i > 19 {
			got = append(got, f.(pipeline.Explainer).Explain(&p))
		}
		pipelinetest.Decide(f, &p)
	}
	want := []string{
		"client 198.51.100.7: credit for 19.00 of 19.00 packets",
		"client 198.51.100.7: credit for 0.20 of 19.00 packets; in this shortage one that was served 2ms ago needs 18.09",
		"client 198.51.100.7: credit for 0.21 of 19.00 packets; in this shortage one that was served 3ms ago needs 18.09",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("explanations (-want +got):\n%s", diff)
	}
}

func TestNewRefusesFair(t *testing.T) {
	for _, tc := range []struct {
		name    string
		change  func(*ifacerate.Settings)
		setting string
	}{
		{"fields", func(s *ifacerate.Settings) { s.FairBy = key.Fields{key.Router, key.Router} }, "fair_by"},
		{"prefix", func(s *ifacerate.Settings) { s.PrefixV6 = 0 }, "prefix_v6"},
		{"no keys", func(s *ifacerate.Settings) { s.MaxKeys = 0 }, "max_keys"},
		{"too many keys", func(s *ifacerate.Settings) { s.MaxKeys = 1<<24 + 1 }, "max_keys"},
		{"rate", func(s *ifacerate.Settings) { s.Rate = 0 }, "rate"},
		{"burst", func(s *ifacerate.Settings) { s.Burst = 5 }, "burst"},
		{"default burst of a low rate", func(s *ifacerate.Settings) { s.Rate = 1 }, "burst"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := fairBy(10, key.Router)
			tc.change(s)
			_, err := ifacerate.Plugin().Build(s, pipelinetest.Env(t))
			var setting *setting.Error
			if !errors.As(err, &setting) || setting.Setting != tc.setting {
				t.Errorf("error %v, want one about %s", err, tc.setting)
			}
		})
	}
}

// BenchmarkFlood measures a packet of a flood from forged clients, and of one that is
// remembered.
func BenchmarkFlood(b *testing.B) {
	for name, mask := range map[string]uint32{"forged clients": 1<<32 - 1, "1024 clients": 1023} {
		b.Run(name, func(b *testing.B) {
			f, err := ifacerate.New(*fairBy(1000, key.Client), pipelinetest.Env(b))
			if err != nil {
				b.Fatal(err)
			}
			limiter := f.(pipeline.Limiter)
			p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
			p.Decode()
			client, n := p.Quote()[16:], uint32(0)
			next := func() {
				n++
				binary.BigEndian.PutUint32(client, n&mask)
				p.Clock += 10_000
				if limiter.Filter(&p) == pipeline.Pass {
					limiter.Charge(&p)
				}
			}
			for range 300_000 {
				next()
			}
			b.ReportAllocs()
			for b.Loop() {
				next()
			}
		})
	}
}

// TestFairUnderFlood compares a pipeline that asks the fair total first, because packets come
// in crowds, with one in which they come one by one: the same pass.
func TestFairUnderFlood(t *testing.T) {
	const crowd, rounds = 64, 500
	packets := make([]pipeline.Packet, crowd*rounds)
	for i := range packets { // a forged client each, and between them one that asks again and again
		client := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		if i%crowd == 7 {
			client = netip.AddrFrom4([4]byte{198, 51, 100, byte(i / crowd % 50)})
		}
		packets[i] = pipelinetest.PTB{Client: client}.Packet(pipelinetest.Begin + pipeline.Instant(i)*100_000)
	}
	passed := func(crowd int) []pipeline.Instant {
		var got []pipeline.Instant
		source := pipeline.NewSource(pipeline.SourcePlugin[struct{}]{Type: "memory", New: func(struct{}, pipeline.Env) (pipeline.Source, error) {
			return memory{func(deliver func([]pipeline.Packet)) {
				for batch := range slices.Chunk(slices.Clone(packets), crowd) {
					deliver(batch)
					for _, p := range batch {
						if p.Verdict.Forward() {
							got = append(got, p.Time)
						}
					}
				}
			}}, nil
		}})
		if _, err := pipelinetest.Run(t.Context(), pipeline.Spec{
			Sources: []pipeline.Stage{{Plugin: source}},
			Filters: []pipeline.Stage{{Plugin: ifacerate.Plugin(), Settings: fairBy(100, key.Client)}},
		}); err != nil {
			t.Fatal(err)
		}
		return got
	}
	first, plain := passed(crowd), passed(1)
	if !slices.Equal(first, plain) || len(plain) < 100 {
		t.Errorf("%d packets pass in crowds, %d one by one", len(first), len(plain))
	}
}

// memory is a source of packets in memory.
type memory struct {
	run func(deliver func([]pipeline.Packet))
}

func (memory) Open(context.Context) error { return nil }

func (m memory) Run(_ context.Context, deliver func([]pipeline.Packet)) error {
	m.run(deliver)
	return nil
}

func (memory) Close() error { return nil }
