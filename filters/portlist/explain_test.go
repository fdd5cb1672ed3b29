package portlist_test

import (
	"testing"

	"github.com/pmtud/pmtud/filters/portlist"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

func TestExplain(t *testing.T) {
	f := build(t, portlist.Range{First: 443, Last: 443})
	for _, tc := range []struct {
		name   string
		port   uint16
		length int // of the quote; 0 leaves it whole
		want   string
	}{
		{"listed", 443, 0, "quoted source port 443, listed"},
		{"not listed", 444, 0, "quoted source port 444, not listed"},
		{"cut", 443, 21, "no port in the 21 octets quoted"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := pipelinetest.PTB{SrcPort: tc.port}.Packet(pipelinetest.Begin)
			if tc.length > 0 {
				p.Data = p.Data[:14+20+8+tc.length]
			}
			p.Decode()
			if got := f.(pipeline.Explainer).Explain(&p); got != tc.want {
				t.Errorf("explanation %q, want %q", got, tc.want)
			}
		})
	}
}
