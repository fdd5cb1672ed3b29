package srcrate_test

import (
	"errors"
	"math"
	"net/netip"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/filters/srcrate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/setting"
)

func TestPlugin(t *testing.T) {
	pipelinetest.TestFilter(t, srcrate.Plugin(), nil)
	pipelinetest.TestFilter(t, srcrate.Plugin(), byRouter(srcrate.Settings{Rate: 100, Burst: 3, MaxSources: 2}))
	byFlow := byRouter(srcrate.Settings{Rate: 100, MaxSources: 2})
	byFlow.Key = key.Fields{key.RouterPrefix, key.Flow}
	pipelinetest.TestFilter(t, srcrate.Plugin(), byFlow)
}

// byRouter completes settings with the default key.
func byRouter(s srcrate.Settings) *srcrate.Settings {
	defaults := srcrate.Plugin().NewSettings().(*srcrate.Settings)
	s.Key, s.Prefixes = defaults.Key, defaults.Prefixes
	return &s
}

// Routers a, b, c are IPv4, x and y IPv6; x ends like a.
var routers = map[byte]netip.Addr{
	'a': netip.MustParseAddr("203.0.113.1"),
	'b': netip.MustParseAddr("203.0.113.2"),
	'c': netip.MustParseAddr("203.0.113.3"),
	'x': netip.MustParseAddr("::cb00:7101"),
	'y': netip.MustParseAddr("2001:db8:f::1"),
}

func build(t *testing.T, s srcrate.Settings) pipeline.Filter {
	t.Helper()
	f, err := srcrate.New(*byRouter(s), pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func message(router byte, ms int) pipeline.Packet {
	return pipelinetest.PTB{Router: routers[router]}.Packet(pipelinetest.Begin + pipeline.Instant(ms)*1e6)
}

// TestRouters asks for messages of the routers in a row, at the times given in
// milliseconds; capitals in want stand for those that pass.
func TestRouters(t *testing.T) {
	burst1 := srcrate.Settings{Rate: 1, Burst: 1, MaxSources: 100}
	remembers := func(n int) srcrate.Settings { return srcrate.Settings{Rate: 1, Burst: 1, MaxSources: n} }
	for _, tc := range []struct {
		name     string
		settings srcrate.Settings
		routers  string
		at       func(i int) int
		want     string
	}{
		{"one router at twice its rate", burst1, "aaaaaa", every(500), "AaAaAa"},
		{"at its rate", burst1, "aaaa", every(1000), "AAAA"},
		{"each router has its own limit", burst1, "abcxyabcxy", every(1), "ABCXYabcxy"},
		{"default burst", srcrate.Settings{Rate: 1, MaxSources: 100}, "aaaaaaaaaaaaa", every(100), "AAaaaaaaaaaAa"},
		{"rate below 0.526", srcrate.Settings{Rate: 0.5, MaxSources: 100}, "aaaaaaa", every(1000), "AaAaAaA"},
		{"memory for one: the other is forgotten", remembers(1), "abab", every(1), "ABAB"},
		{"memory for one: it is kept while alone", remembers(1), "aaba", every(1), "AaBA"},
		{"memory for two: the oldest is forgotten", remembers(2), "abacab", every(1), "ABaCAB"},
		{"memory for two: refusals don't renew", remembers(2), "abaaca", every(1), "ABaaCA"},
		{"memory for two: charges do", remembers(2), "abaca", func(i int) int { return []int{0, 900, 1000, 1001, 1002}[i] }, "ABACa"},
		{"time that stands still", burst1, "aba", every(0), "ABa"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := build(t, tc.settings)
			got := []byte(tc.routers)
			for i := range got {
				p := message(got[i], tc.at(i))
				if pipelinetest.Decide(f, &p) == pipeline.Pass {
					got[i] -= 'a' - 'A'
				}
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("passed (-want +got):\n%s", diff)
			}
		})
	}
}

func every(ms int) func(int) int { return func(i int) int { return i * ms } }

// TestRefusedPacketsChargeNothing runs src-rate with an iface-rate behind it that
// has room for one packet a second: what that one refuses costs a source nothing.
func TestRefusedPacketsChargeNothing(t *testing.T) {
	packets := []pipeline.Packet{
		message('a', 0),    // passes
		message('b', 1),    // refused by iface-rate
		message('a', 500),  // refused by src-rate
		message('b', 1000), // passes: it was not charged at 1 ms
		message('b', 2000), // passes
		message('c', 2001), // refused by iface-rate, not entered into the table of two
		message('a', 3000), // passes
		message('a', 3900), // refused by src-rate: a has not been forgotten
	}
	var got []pipeline.Verdict
	total := ifacerate.Plugin().NewSettings().(*ifacerate.Settings)
	total.Rate, total.Burst = 1, 1
	stage := func(p pipeline.Plugin, s any) pipeline.Stage { return pipeline.Stage{Plugin: p, Settings: s} }
	p, err := pipeline.NewOffline(pipeline.Spec{
		Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)},
		Filters: []pipeline.Stage{
			stage(srcrate.Plugin(), byRouter(srcrate.Settings{Rate: 1, Burst: 1, MaxSources: 2})),
			stage(ifacerate.Plugin(), total),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range packets {
		packets[i].Decode()
	}
	if _, err := p.Decide(packets, nil); err != nil {
		t.Fatal(err)
	}
	for i := range packets {
		got = append(got, packets[i].Verdict)
	}
	bySource := pipeline.Verdict{Stage: "src-rate", Reason: "rate-limited"}
	byIface := pipeline.Verdict{Stage: "iface-rate", Reason: "rate-limited"}
	want := []pipeline.Verdict{{}, byIface, bySource, {}, {}, byIface, {}, bySource}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

func TestPacketsWithoutAddressShareALimit(t *testing.T) {
	f := build(t, srcrate.Settings{Rate: 1, Burst: 1, MaxSources: 10})
	for i, want := range []pipeline.Reason{pipeline.Pass, srcrate.RateLimited} {
		p := pipeline.Packet{Data: make([]byte, i), Time: pipelinetest.Begin, LinkType: linklayer.Ethernet}
		if got := pipelinetest.Decide(f, &p); got != want {
			t.Errorf("packet %d: reason %d, want %d", i, got, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	want := &srcrate.Settings{Rate: 1, MaxSources: 65536, Key: key.Fields{key.Router}, Prefixes: key.DefaultPrefixes()}
	if diff := cmp.Diff(any(want), srcrate.Plugin().NewSettings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		name    string
		change  func(*srcrate.Settings)
		setting string
	}{
		{"nan", func(s *srcrate.Settings) { s.Rate = math.NaN() }, "rate"},
		{"inf", func(s *srcrate.Settings) { s.Rate = math.Inf(1) }, "rate"},
		{"negative", func(s *srcrate.Settings) { s.Rate = -1 }, "rate"},
		{"zero", func(s *srcrate.Settings) { s.Rate = 0 }, "rate"},
		{"tiny", func(s *srcrate.Settings) { s.Rate = 1e-9 }, "rate"},
		{"1e10", func(s *srcrate.Settings) { s.Rate = 1e10 }, "rate"},
		{"burst below one", func(s *srcrate.Settings) { s.Burst = 0.5 }, "burst"},
		{"no sources", func(s *srcrate.Settings) { s.MaxSources = 0 }, "max_sources"},
		{"negative number of sources", func(s *srcrate.Settings) { s.MaxSources = -1 }, "max_sources"},
		{"too many sources", func(s *srcrate.Settings) { s.MaxSources = 1<<24 + 1 }, "max_sources"},
		{"no key", func(s *srcrate.Settings) { s.Key = nil }, "key"},
		{"client and flow", func(s *srcrate.Settings) { s.Key = key.Fields{key.Client, key.Flow} }, "key"},
		{"prefix of IPv4", func(s *srcrate.Settings) { s.PrefixV4 = 33 }, "prefix_v4"},
		{"prefix of IPv6", func(s *srcrate.Settings) { s.PrefixV6 = -1 }, "prefix_v6"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := byRouter(srcrate.Settings{Rate: 1, MaxSources: 1})
			tc.change(s)
			_, err := srcrate.Plugin().Build(s, pipelinetest.Env(t))
			var setting *setting.Error
			if !errors.As(err, &setting) || setting.Setting != tc.setting {
				t.Errorf("error %v, want one about %s", err, tc.setting)
			}
		})
	}
}

// TestMemory checks what the documentation of max_sources says: no more than 56
// bytes each.
func TestMemory(t *testing.T) {
	for _, n := range []int{1 << 16, 1<<16 + 1, 100_000} {
		settings, env := byRouter(srcrate.Settings{Rate: 1, MaxSources: n}), pipelinetest.Env(t)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := srcrate.New(*settings, env)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		runtime.KeepAlive(f)
		if each := float64(after.TotalAlloc-before.TotalAlloc-1<<14) / float64(n); each < 40 || each > 56 {
			t.Errorf("%d sources take %.1f bytes each", n, each)
		}
	}
}
