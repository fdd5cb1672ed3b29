package dedup_test

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/filters/dedup"
	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/setting"
)

func TestPlugin(t *testing.T) {
	pipelinetest.TestFilter(t, dedup.Plugin(), nil)
	small := settings()
	small.Copies, small.Window, small.MaxEntries = 3, 10*time.Millisecond, 2
	pipelinetest.TestFilter(t, dedup.Plugin(), small)
	flows := settings()
	flows.Copies, flows.Key = 1, key.Fields{key.Flow, key.MTU, key.RouterPrefix}
	pipelinetest.TestFilter(t, dedup.Plugin(), flows)
}

// settings returns the defaults.
func settings() *dedup.Settings { return dedup.Plugin().NewSettings().(*dedup.Settings) }

func TestDefaults(t *testing.T) {
	want := &dedup.Settings{
		Copies: 2, Window: time.Second, Key: key.Fields{key.Client, key.MTU},
		Prefixes: key.DefaultPrefixes(), MaxEntries: 65536,
	}
	if diff := cmp.Diff(want, settings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func build(t testing.TB, s *dedup.Settings) pipeline.Limiter {
	t.Helper()
	f, err := dedup.New(*s, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return f.(pipeline.Limiter)
}

// Clients a, b, c are IPv4, x and y IPv6; x ends like a.
var clients = map[byte]netip.Addr{
	'a': netip.MustParseAddr("198.51.100.1"),
	'b': netip.MustParseAddr("198.51.100.2"),
	'c': netip.MustParseAddr("198.51.100.3"),
	'x': netip.MustParseAddr("::c633:6401"),
	'y': netip.MustParseAddr("2001:db8:c::1"),
}

func message(client byte, ms int) pipeline.Packet {
	m := pipelinetest.PTB{Client: clients[client]}
	if m.Client.Is6() {
		m.Router = netip.MustParseAddr("2001:db8:f::1")
	}
	return m.Packet(pipelinetest.Begin + pipeline.Instant(ms)*1e6)
}

// TestUnusable has a message before each genuine one that quotes less than any
// receiver needs.
func TestUnusable(t *testing.T) {
	cut := func(n int) func(pipeline.Packet) pipeline.Packet {
		return func(p pipeline.Packet) pipeline.Packet {
			p.Data, p.Length = p.Data[:n], n
			return p
		}
	}
	for name, tc := range map[string]struct {
		client byte
		change func(pipeline.Packet) pipeline.Packet
		want   pipeline.Reason
	}{
		"IPv4, 7 bytes behind the quoted header": {'a', cut(14 + 28 + 27), dedup.Unusable},
		"IPv4, 8 bytes":                          {'a', cut(14 + 28 + 28), pipeline.Pass},
		"IPv6, 7 bytes behind the quoted header": {'y', cut(14 + 48 + 47), dedup.Unusable},
		"IPv6, 8 bytes":                          {'y', cut(14 + 48 + 48), pipeline.Pass},
		"IPv6, no ports":                         {'y', cut(14 + 48 + 40), dedup.Unusable},
		"no PTB":                                 {'a', func(p pipeline.Packet) pipeline.Packet { p.Data[34] = 8; return p }, pipeline.Pass},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings()
			s.Copies = 1
			f := build(t, s)
			shadow, genuine := tc.change(message(tc.client, 0)), message(tc.client, 100)
			if got := pipelinetest.Decide(f, &shadow); got != tc.want {
				t.Errorf("reason %d, want %d", got, tc.want)
			}
			want := pipeline.Pass
			if tc.want == pipeline.Pass && shadow.PTB != 0 {
				want = dedup.Duplicate
			}
			if got := pipelinetest.Decide(f, &genuine); got != want {
				t.Errorf("reason %d of the genuine one behind it, want %d", got, want)
			}
		})
	}
}

// TestCopies asks for messages about the clients in a row, at the times given in
// milliseconds; capitals in want stand for those that pass.
func TestCopies(t *testing.T) {
	for _, tc := range []struct {
		name       string
		copies     int
		window     time.Duration
		maxEntries int
		clients    string
		at         []int
		want       string
	}{
		{"two at once", 2, time.Second, 100, "aaaa", []int{0, 0, 0, 999}, "AAaa"},
		{"one", 1, time.Second, 100, "aaaa", []int{0, 1, 999, 1000}, "AaaA"},
		{"the window's end", 2, time.Second, 100, "aaaaa", []int{0, 500, 999, 1000, 1001}, "AAaAa"},
		{"the window slides", 2, time.Second, 100, "aaaaaa", []int{0, 900, 1000, 1100, 1899, 1900}, "AAAaaA"},
		{"duplicates prolong nothing", 1, time.Second, 100, "aaaaa", []int{0, 600, 1100, 1700, 2100}, "AaAaA"},
		{"three", 3, time.Second, 100, "aaaaaaa", []int{0, 300, 600, 900, 1000, 1200, 1300}, "AAAaAaA"},
		{"sixteen", 16, time.Hour, 100, "aaaaaaaaaaaaaaaaa", make([]int, 17), "AAAAAAAAAAAAAAAAa"},
		{"a short window", 1, time.Millisecond, 100, "aaaa", []int{0, 0, 1, 2}, "AaAA"},
		{"each has its own", 1, time.Second, 100, "abcxyabcxy", []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "ABCXYabcxy"},
		{"memory for one: the other is forgotten", 1, time.Second, 1, "abab", []int{0, 1, 2, 3}, "ABAB"},
		{"memory for two: the oldest is forgotten", 1, time.Second, 2, "abacab", []int{0, 1, 2, 3, 4, 5}, "ABaCAB"},
		{"memory for two: the second copy renews", 2, time.Second, 2, "abacab", []int{0, 1, 2, 3, 4, 5}, "ABACaB"},
		{"memory for two: duplicates don't", 1, time.Second, 2, "abaca", []int{0, 1, 2, 3, 4}, "ABaCA"},
		{"memory for two: a place is used again clean", 2, time.Second, 2, "abcc", []int{0, 0, 0, 0}, "ABCC"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := settings()
			s.Copies, s.Window, s.MaxEntries = tc.copies, tc.window, tc.maxEntries
			f := build(t, s)
			got := []byte(tc.clients)
			for i := range got {
				p := message(got[i], tc.at[i])
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

// TestKeys has several keys, and the messages that are copies by them.
func TestKeys(t *testing.T) {
	messages := []pipelinetest.PTB{
		{},
		{}, // the same
		{MTU: 1280},
		{DstPort: 40001},
		{Router: netip.MustParseAddr("203.0.113.2")},
		{Target: netip.MustParseAddr("192.0.2.2")},
		{Client: netip.MustParseAddr("198.51.100.8")},
		{Client: netip.MustParseAddr("203.0.113.77")},
	}
	for _, tc := range []struct {
		name string
		key  key.Fields
		want []bool
	}{
		{"client and MTU", key.Fields{key.Client, key.MTU}, []bool{true, false, true, false, false, false, true, true}},
		{"client", key.Fields{key.Client}, []bool{true, false, false, false, false, false, true, true}},
		{"prefix of the client", key.Fields{key.ClientPrefix}, []bool{true, false, false, false, false, false, false, true}},
		{"flow and MTU", key.Fields{key.Flow, key.MTU}, []bool{true, false, true, true, false, true, true, true}},
		{"router", key.Fields{key.Router}, []bool{true, false, false, false, true, false, false, false}},
		{"router, client, MTU", key.Fields{key.MTU, key.Router, key.Client}, []bool{true, false, true, false, true, false, true, true}},
		{"target and MTU", key.Fields{key.Target, key.MTU}, []bool{true, false, true, false, false, true, false, false}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := settings()
			s.Copies, s.Key = 1, tc.key
			f := build(t, s)
			var got []bool
			for _, m := range messages {
				p := m.Packet(pipelinetest.Begin)
				got = append(got, pipelinetest.Decide(f, &p) == pipeline.Pass)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("passed (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRefusedPacketsAreNoCopies runs dedup with an iface-rate behind it that has
// room for one packet a second: what that one refuses was not sent.
func TestRefusedPacketsAreNoCopies(t *testing.T) {
	s := settings()
	s.Copies, s.Window = 1, 10*time.Second
	p := withRate(t, s, 1, 1)
	var got []pipeline.Verdict
	packets := []pipeline.Packet{
		message('a', 0),     // passes
		message('b', 1),     // refused by iface-rate
		message('a', 1000),  // duplicate
		message('b', 1001),  // passes: it was never sent
		message('b', 2001),  // duplicate
		message('a', 9999),  // duplicate
		message('b', 10000), // duplicate
		message('a', 10000), // passes
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
	duplicate := pipeline.Verdict{Stage: "dedup", Reason: "duplicate"}
	want := []pipeline.Verdict{
		{}, {Stage: "iface-rate", Reason: "rate-limited"}, duplicate, {}, duplicate, duplicate, duplicate, {},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// withRate returns a pipeline of dedup and iface-rate.
func withRate(t testing.TB, s *dedup.Settings, rate, burst float64) *pipeline.Offline {
	t.Helper()
	total := ifacerate.Plugin().NewSettings().(*ifacerate.Settings)
	total.Rate, total.Burst = rate, burst
	p, err := pipeline.NewOffline(pipeline.Spec{
		Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)},
		Filters: []pipeline.Stage{{Plugin: dedup.Plugin(), Settings: s}, {Plugin: ifacerate.Plugin(), Settings: total}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMessagesWithoutClientAreTheSameNews(t *testing.T) {
	f := build(t, settings())
	var got []pipeline.Reason
	for n := range 4 {
		p := message('a', 0)
		p.Data = p.Data[:14+20+8+n]
		got = append(got, pipelinetest.Decide(f, &p))
	}
	if diff := cmp.Diff([]pipeline.Reason{pipeline.Pass, pipeline.Pass, dedup.Duplicate, dedup.Duplicate}, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

func TestExplain(t *testing.T) {
	f := build(t, settings())
	for _, step := range []struct{ ms, copies int }{{0, 0}, {600, 1}, {1200, 1}, {1200, 2}, {1599, 2}, {1600, 1}} {
		p := message('a', step.ms)
		p.Clock = p.Time
		p.Decode()
		want := fmt.Sprintf("client 198.51.100.1, mtu 1400 passed %d of 2 times in the last 1s", step.copies)
		if got := f.(pipeline.Explainer).Explain(&p); got != want {
			t.Errorf("at %d ms: %q, want %q", step.ms, got, want)
		}
		pipelinetest.Decide(f, &p)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		name    string
		change  func(*dedup.Settings)
		setting string
	}{
		{"no copies", func(s *dedup.Settings) { s.Copies = 0 }, "copies"},
		{"too many copies", func(s *dedup.Settings) { s.Copies = 17 }, "copies"},
		{"no window", func(s *dedup.Settings) { s.Window = 0 }, "window"},
		{"short window", func(s *dedup.Settings) { s.Window = time.Millisecond - 1 }, "window"},
		{"long window", func(s *dedup.Settings) { s.Window = time.Hour + 1 }, "window"},
		{"no key", func(s *dedup.Settings) { s.Key = nil }, "key"},
		{"one field twice", func(s *dedup.Settings) { s.Key = key.Fields{key.MTU, key.MTU} }, "key"},
		{"prefix of IPv4", func(s *dedup.Settings) { s.PrefixV4 = 0 }, "prefix_v4"},
		{"prefix of IPv6", func(s *dedup.Settings) { s.PrefixV6 = 129 }, "prefix_v6"},
		{"no entries", func(s *dedup.Settings) { s.MaxEntries = 0 }, "max_entries"},
		{"too many entries", func(s *dedup.Settings) { s.MaxEntries = 1<<24 + 1 }, "max_entries"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := settings()
			tc.change(s)
			_, err := dedup.Plugin().Build(s, pipelinetest.Env(t))
			var setting *setting.Error
			if !errors.As(err, &setting) || setting.Setting != tc.setting {
				t.Errorf("error %v, want one about %s", err, tc.setting)
			}
		})
	}
}

// TestMemory checks what the documentation of max_entries says: no more than 56
// bytes each, and 8 for each copy.
func TestMemory(t *testing.T) {
	for _, copies := range []int{1, 2, 16} {
		s := settings()
		s.Copies, s.MaxEntries = copies, 1<<16+1
		env := pipelinetest.Env(t)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := dedup.New(*s, env)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		runtime.KeepAlive(f)
		each := float64(after.TotalAlloc-before.TotalAlloc-1<<15) / float64(s.MaxEntries)
		if most := float64(56 + 8*copies); each < most-16 || each > most {
			t.Errorf("%d copies: entries take %.1f bytes each, want at most %.0f", copies, each, most)
		}
	}
}

// TestExplainUnusable says so of a message that quotes too little, and counts what is none.
func TestExplainUnusable(t *testing.T) {
	f := build(t, settings())
	short := message('a', 0)
	short.Decode()
	short.Data = short.Data[:short.ICMP+8+20]
	short.Length = len(short.Data)
	other := message('a', 0)
	other.Decode()
	other.Data[other.ICMP] = 8 // an echo request
	for name, tc := range map[string]struct {
		packet pipeline.Packet
		want   string
	}{
		"unusable": {short, "quotes too little to be of use to a receiver"},
		"no PTB":   {other, "passed 0 of 2 times in the last 1s"},
	} {
		tc.packet.Decode()
		if got := f.(pipeline.Explainer).Explain(&tc.packet); !strings.HasSuffix(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
