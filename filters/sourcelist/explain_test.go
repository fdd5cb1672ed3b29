package sourcelist_test

import (
	"net/netip"
	"testing"

	"github.com/pmtud/pmtud/filters/sourcelist"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

func TestExplain(t *testing.T) {
	for _, tc := range []struct {
		name        string
		allow, deny []string
		router      string
		want        string
	}{
		{"no allow: all are allowed", nil, []string{"203.0.113.0/24"}, "198.51.100.1", "router 198.51.100.1: denied false, allowed true"},
		{"denied", nil, []string{"203.0.113.0/24"}, "203.0.113.1", "router 203.0.113.1: denied true, allowed true"},
		{"allowed", []string{"2001:db8::/32"}, nil, "2001:db8::1", "router 2001:db8::1: denied false, allowed true"},
		{"not allowed", []string{"2001:db8::/32"}, nil, "203.0.113.1", "router 203.0.113.1: denied false, allowed false"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := sourcelist.New(sourcelist.Settings{Allow: list(t, tc.allow...), Deny: list(t, tc.deny...)}, pipelinetest.Env(t))
			if err != nil {
				t.Fatal(err)
			}
			p := pipelinetest.PTB{Router: netip.MustParseAddr(tc.router)}.Packet(pipelinetest.Begin)
			p.Decode()
			if got := f.(pipeline.Explainer).Explain(&p); got != tc.want {
				t.Errorf("explanation %q, want %q", got, tc.want)
			}
		})
	}
}
