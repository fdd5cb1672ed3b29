package ifacerate_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/setting"
)

func TestPlugin(t *testing.T) {
	pipelinetest.TestFilter(t, ifacerate.Plugin(), nil)
	s := ifacerate.Plugin().NewSettings().(*ifacerate.Settings)
	s.Rate, s.Burst = 1000, 5
	pipelinetest.TestFilter(t, ifacerate.Plugin(), s)
}

func TestDefaults(t *testing.T) {
	want := &ifacerate.Settings{Rate: 10, Prefixes: key.DefaultPrefixes(), MaxKeys: 131072}
	if diff := cmp.Diff(want, ifacerate.Plugin().NewSettings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

// passed returns the times, in milliseconds, of the messages that pass of one
// every interval milliseconds.
func passed(t *testing.T, s ifacerate.Settings, interval, until int) (at []int) {
	t.Helper()
	f, err := ifacerate.New(s, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	p := pipelinetest.PTB{}.Packet(0)
	for ms := 0; ms <= until; ms += interval {
		p.Time = pipelinetest.Begin + pipeline.Instant(ms)*1e6
		if pipelinetest.Decide(f, &p) == pipeline.Pass {
			at = append(at, ms)
		}
	}
	return at
}

func TestRate(t *testing.T) {
	for _, tc := range []struct {
		name            string
		settings        ifacerate.Settings
		interval, until int
		want            []int
	}{
		{"1 pps", ifacerate.Settings{Rate: 1}, 10, 3200, []int{0, 100, 1100, 2100, 3100}},
		{"1 pps, burst 1", ifacerate.Settings{Rate: 1, Burst: 1}, 10, 3200, []int{0, 1000, 2000, 3000}},
		{"2 pps, burst 3", ifacerate.Settings{Rate: 2, Burst: 3}, 100, 2000, []int{0, 100, 200, 500, 1000, 1500, 2000}},
		{"slower than the rate", ifacerate.Settings{Rate: 1}, 1000, 3000, []int{0, 1000, 2000, 3000}},
		{"0.52 pps", ifacerate.Settings{Rate: 0.52}, 1, 4000, []int{0, 1924, 3848}},
		{"0.25 pps", ifacerate.Settings{Rate: 0.25}, 10, 12000, []int{0, 4000, 8000, 12000}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, passed(t, tc.settings, tc.interval, tc.until)); diff != "" {
				t.Errorf("passed at (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDefaultsAre10PacketsPerSecond(t *testing.T) {
	s := *ifacerate.Plugin().NewSettings().(*ifacerate.Settings)
	if n := len(passed(t, s, 1, 999)); n != 19+9 {
		t.Errorf("%d passed in the first second, want 28", n)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		name        string
		rate, burst float64
		setting     string
	}{
		{"nan", math.NaN(), 0, "rate"},
		{"inf", math.Inf(1), 0, "rate"},
		{"negative", -10, 0, "rate"},
		{"zero", 0, 0, "rate"},
		{"tiny", 1e-300, 0, "rate"},
		{"1e10", 1e10, 0, "rate"},
		{"burst below one", 10, 0.5, "burst"},
		{"negative burst", 10, -1, "burst"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := ifacerate.Plugin().NewSettings().(*ifacerate.Settings)
			s.Rate, s.Burst = tc.rate, tc.burst
			_, err := ifacerate.Plugin().Build(s, pipelinetest.Env(t))
			var setting *setting.Error
			if !errors.As(err, &setting) || setting.Setting != tc.setting {
				t.Errorf("error %v, want one about %s", err, tc.setting)
			}
		})
	}
}

// TestSaturated empties the bucket: then all is refused until there is room for one, and newcomers
// for a moment longer than that at high rates.
func TestSaturated(t *testing.T) {
	for _, tc := range []struct {
		rate float64
		all  time.Duration // after the last one that passes
	}{{10, 100 * time.Millisecond}, {1, time.Second}, {1000, time.Millisecond}} {
		f, err := ifacerate.New(ifacerate.Settings{Rate: tc.rate, Burst: 2}, pipelinetest.Env(t))
		if err != nil {
			t.Fatal(err)
		}
		want := func(at, all, newcomers pipeline.Instant) {
			t.Helper()
			gotAll, gotNewcomers, reason := f.(pipeline.TotalLimiter).SaturatedUntil(at)
			if gotAll != all || gotNewcomers != newcomers || reason != ifacerate.RateLimited {
				t.Errorf("rate %v: all until %v, newcomers until %v, reason %d; want %v, %v",
					tc.rate, gotAll-at, gotNewcomers-at, reason, all-at, newcomers-at)
			}
		}
		begin := pipelinetest.Begin
		want(begin, begin, begin)
		for range 2 {
			p := pipelinetest.PTB{}.Packet(begin)
			pipelinetest.Decide(f, &p)
		}
		ready, hold := begin+pipeline.Instant(tc.all), pipeline.Instant(100*time.Millisecond)
		want(begin, ready, begin+hold)
		want(ready-1, ready, ready-1+hold)
		want(ready, ready, ready)
	}
}
