package vips_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/filters/vips"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/prefixset"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// list reads prefixes as a configuration has them.
func list(t testing.TB, texts ...string) (prefixes []prefixset.Prefix) {
	t.Helper()
	for _, text := range texts {
		var p prefixset.Prefix
		if err := p.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		prefixes = append(prefixes, p)
	}
	return prefixes
}

func build(t testing.TB, s vips.Settings) pipeline.Filter {
	t.Helper()
	f, err := vips.New(s, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// about returns a message about a packet of the source.
func about(source string) pipeline.Packet {
	m := pipelinetest.PTB{Target: netip.MustParseAddr(source)}
	if m.Target.Is6() {
		m.Router = netip.MustParseAddr("2001:db8:f::1")
	}
	return m.Packet(pipelinetest.Begin)
}

func TestPlugin(t *testing.T) {
	pipelinetest.TestFilter(t, vips.Plugin(), &vips.Settings{Prefixes: list(t, "192.0.2.0/24", "2001:db8::1")})
	pipelinetest.TestFilter(t, vips.Plugin(), &vips.Settings{From: "lo"})
	pipelinetest.TestFilter(t, vips.Plugin(), &vips.Settings{Prefixes: list(t, "192.0.2.0/24"), From: "lo"})
}

func TestPrefixes(t *testing.T) {
	for _, tc := range []struct {
		name     string
		prefixes []string
		source   string
		want     pipeline.Reason
	}{
		{"listed", []string{"192.0.2.1", "198.51.100.0/24"}, "192.0.2.1", pipeline.Pass},
		{"in a prefix", []string{"192.0.2.1", "198.51.100.0/24"}, "198.51.100.77", pipeline.Pass},
		{"neighbour", []string{"192.0.2.1"}, "192.0.2.2", vips.NotVIP},
		{"IPv6", []string{"2001:db8::/64"}, "2001:db8::1", pipeline.Pass},
		{"IPv6, not listed", []string{"2001:db8::/64"}, "2001:db8:1::1", vips.NotVIP},
		{"other version", []string{"0.0.0.0/0"}, "2001:db8::1", vips.NotVIP},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := about(tc.source)
			if got := pipelinetest.Decide(build(t, vips.Settings{Prefixes: list(t, tc.prefixes...)}), &p); got != tc.want {
				t.Errorf("reason %d, want %d", got, tc.want)
			}
		})
	}
}

// TestQuoteDecides changes one address of a message: the target does not matter.
func TestQuoteDecides(t *testing.T) {
	f := build(t, vips.Settings{Prefixes: list(t, "192.0.2.1")})
	rewritten := about("192.0.2.1")
	copy(rewritten.Data[14+16:], []byte{192, 0, 2, 2})
	other := about("192.0.2.1")
	copy(other.Data[14+28+12:], []byte{192, 0, 2, 2})
	if got := pipelinetest.Decide(f, &rewritten); got != pipeline.Pass {
		t.Errorf("other target: reason %d", got)
	}
	if got := pipelinetest.Decide(f, &other); got != vips.NotVIP {
		t.Errorf("other quoted source: reason %d", got)
	}
}

// TestReplay uses filters that are not opened, as in a replay.
func TestReplay(t *testing.T) {
	nothing := about("192.0.2.1")
	nothing.Data = nothing.Data[:14+28]
	for name, tc := range map[string]struct {
		settings vips.Settings
		packet   pipeline.Packet
		want     pipeline.Reason
		explain  string
	}{
		"unknown addresses": {
			vips.Settings{From: "lo"},
			about("198.51.100.1"), pipeline.Pass,
			"quoted source 198.51.100.1: in prefixes false; the addresses of lo are not known, so all pass",
		},
		"unknown addresses, and prefixes": {
			vips.Settings{From: "lo", Prefixes: list(t, "192.0.2.1")},
			about("198.51.100.1"), pipeline.Pass,
			"quoted source 198.51.100.1: in prefixes false; the addresses of lo are not known, so all pass",
		},
		"prefixes": {
			vips.Settings{Prefixes: list(t, "192.0.2.1")},
			about("198.51.100.1"), vips.NotVIP,
			"quoted source 198.51.100.1: in prefixes false",
		},
		"no quote": {vips.Settings{From: "lo"}, nothing, vips.NotVIP, "no quoted source"},
		"no quote, prefixes of all": {
			vips.Settings{Prefixes: list(t, "0.0.0.0/0")}, nothing, vips.NotVIP, "no quoted source",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := build(t, tc.settings)
			if got := pipelinetest.Decide(f, &tc.packet); got != tc.want {
				t.Errorf("reason %d, want %d", got, tc.want)
			}
			if err := f.(pipeline.HealthChecker).Health(); err != nil {
				t.Errorf("complaint %v", err)
			}
			if got := f.(pipeline.Explainer).Explain(&tc.packet); got != tc.explain {
				t.Errorf("explanation %q, want %q", got, tc.explain)
			}
		})
	}
}

func TestNeeds(t *testing.T) {
	for name, tc := range map[string]struct {
		settings vips.Settings
		want     pipeline.Needs
	}{
		"prefixes": {vips.Settings{Prefixes: list(t, "192.0.2.1")}, pipeline.Needs{}},
		"from":     {vips.Settings{From: "lo"}, pipeline.Needs{Families: []string{"AF_NETLINK"}, Interfaces: []string{"lo"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, build(t, tc.settings).(pipeline.HostUser).Needs()); diff != "" {
				t.Errorf("needs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for want, settings := range map[string]vips.Settings{
		"prefixes": {},
		"from":     {From: "no name"},
	} {
		_, err := vips.Plugin().Build(&settings, pipelinetest.Env(t))
		var setting *setting.Error
		if !errors.As(err, &setting) || setting.Setting != want {
			t.Errorf("error %v, want one about %s", err, want)
		}
	}
}
