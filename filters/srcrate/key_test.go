package srcrate_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/filters/srcrate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestKeys has several keys, and the messages that are of the same source by them: one
// passes for each, as the rate is low.
func TestKeys(t *testing.T) {
	messages := func(router, client string, ports ...uint16) (all []pipelinetest.PTB) {
		for _, port := range ports {
			all = append(all, pipelinetest.PTB{Router: netip.MustParseAddr(router), Client: netip.MustParseAddr(client), DstPort: port})
		}
		return all
	}
	v4 := append(messages("203.0.113.1", "198.51.100.7", 40000, 40001), messages("203.0.113.1", "198.51.100.8", 40000)...)
	v4 = append(v4, messages("203.0.113.129", "198.51.100.7", 40000)...)
	v6 := append(messages("2001:db8:f::1", "2001:db8:c::7", 40000, 40001), messages("2001:db8:f::2", "2001:db8:c:1::7", 40000)...)
	for _, tc := range []struct {
		name     string
		key      key.Fields
		v4, v6   int
		messages []pipelinetest.PTB
		want     []bool
	}{
		{"router", key.Fields{key.Router}, 24, 64, v4, []bool{true, false, false, true}},
		{"router prefix", key.Fields{key.RouterPrefix}, 24, 64, v4, []bool{true, false, false, false}},
		{"longer router prefix", key.Fields{key.RouterPrefix}, 25, 64, v4, []bool{true, false, false, true}},
		{"client", key.Fields{key.Client}, 24, 64, v4, []bool{true, false, true, false}},
		{"router and client", key.Fields{key.Router, key.Client}, 24, 64, v4, []bool{true, false, true, true}},
		{"flow", key.Fields{key.Flow}, 24, 64, v4, []bool{true, true, true, false}},
		{"target", key.Fields{key.Target}, 24, 64, v4, []bool{true, false, false, false}},
		{"router prefix, IPv6", key.Fields{key.RouterPrefix}, 24, 64, v6, []bool{true, false, false}},
		{"client prefix, IPv6", key.Fields{key.ClientPrefix}, 24, 64, v6, []bool{true, false, true}},
		{"shorter client prefix, IPv6", key.Fields{key.ClientPrefix}, 24, 48, v6, []bool{true, false, false}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := srcrate.New(srcrate.Settings{
				Rate: 1, Burst: 1, MaxSources: 10, Key: tc.key, Prefixes: key.Prefixes{PrefixV4: tc.v4, PrefixV6: tc.v6},
			}, pipelinetest.Env(t))
			if err != nil {
				t.Fatal(err)
			}
			var got []bool
			for _, m := range tc.messages {
				p := m.Packet(pipelinetest.Begin)
				got = append(got, pipelinetest.Decide(f, &p) == pipeline.Pass)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("passed (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMeasure fills a table of two.
func TestMeasure(t *testing.T) {
	f := build(t, srcrate.Settings{Rate: 1, Burst: 1, MaxSources: 2})
	measure := func() (values []float64) {
		f.(pipeline.Measurer).Measure(func(metric int, _ string, value float64) {
			if metric != len(values) {
				t.Errorf("metric %d after %d others", metric, len(values))
			}
			values = append(values, value)
		})
		return values
	}
	for _, step := range []struct {
		router byte
		ms     int
		want   []float64
	}{
		{'a', 0, []float64{1, 0}},
		{'a', 1, []float64{1, 0}}, // refused
		{'b', 1, []float64{2, 0}},
		{'c', 999, []float64{2, 1}},  // instead of a, which lacks a millisecond
		{'a', 1001, []float64{2, 1}}, // instead of b, which has refilled
		{'a', 1002, []float64{2, 1}},
		{'b', 1003, []float64{2, 2}}, // instead of c
	} {
		p := message(step.router, step.ms)
		pipelinetest.Decide(f, &p)
		if diff := cmp.Diff(step.want, measure()); diff != "" {
			t.Errorf("at %d ms, entries and early evictions (-want +got):\n%s", step.ms, diff)
		}
	}
}
