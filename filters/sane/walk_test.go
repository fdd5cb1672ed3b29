package sane_test

import (
	"slices"
	"testing"

	"github.com/google/gopacket/layers"

	"github.com/pmtud/pmtud/filters/sane"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestExtensionHeaders has quoted packets that end in an ICMPv6 error behind
// extension headers of every kind and of several lengths. Each header is filled with
// what would lead to another result, were its length read wrongly.
func TestExtensionHeaders(t *testing.T) {
	// Whoever goes wrong finds an IPv6 fragment header, which ends the walk.
	filled := func(next, length byte, n int) []byte {
		h := slices.Repeat([]byte{44, 0, 0xff, 0xf8}, n/4)
		h[0], h[1] = next, length
		return h
	}
	const destination, mobility, auth, icmp, tcp = 60, 135, 51, 58, 6
	for _, tc := range []struct {
		name  string
		first layers.IPProtocol
		chain []byte // unreach6 follows
		want  pipeline.Reason
	}{
		{"hop-by-hop of 8 bytes", 0, filled(icmp, 0, 8), sane.QuotedICMPError},
		{"hop-by-hop of 16 bytes", 0, filled(icmp, 1, 16), sane.QuotedICMPError},
		{"hop-by-hop of 24 bytes", 0, filled(icmp, 2, 24), sane.QuotedICMPError},
		{"routing of 24 bytes", 43, filled(icmp, 2, 24), sane.QuotedICMPError},
		{"destination of 16 bytes", destination, filled(icmp, 1, 16), sane.QuotedICMPError},
		{"mobility of 16 bytes", mobility, filled(icmp, 1, 16), sane.QuotedICMPError},
		{"HIP of 40 bytes", 139, filled(icmp, 4, 40), sane.QuotedICMPError},
		{"Shim6 of 16 bytes", 140, filled(icmp, 1, 16), sane.QuotedICMPError},
		{"AH of 8 bytes", auth, filled(icmp, 0, 8), sane.QuotedICMPError},
		{"AH of 12 bytes", auth, filled(icmp, 1, 12), sane.QuotedICMPError},
		{"AH of 24 bytes", auth, filled(icmp, 4, 24), sane.QuotedICMPError},
		{"first fragment", 44, []byte{icmp, 0, 0, 1, 0, 0, 0, 1}, sane.QuotedICMPError},
		{"several", 0, slices.Concat(filled(auth, 1, 16), filled(destination, 4, 24), filled(icmp, 2, 24)), sane.QuotedICMPError},
		{"none behind TCP", 0, filled(tcp, 1, 16), pipeline.Pass},
		{"a length beyond the quote", 0, filled(icmp, 255, 16), pipeline.Pass},
		{"no header that can be walked", 50, filled(icmp, 0, 8), pipeline.Pass},
		{"no next header", 59, filled(icmp, 0, 8), pipeline.Pass},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := vector{v6: true, quoteLen: 200, quotedProto: tc.first, inner: slices.Concat(tc.chain, unreach6)}
			p := v.packet()
			if got := pipelinetest.Decide(alone(t, sane.QuotedICMPError), &p); got != tc.want {
				t.Errorf("reason %d, want %d", got, tc.want)
			}
		})
	}
}

// TestFragmentBehindHeaders has outer and quoted packets whose fragment header comes
// behind others.
func TestFragmentBehindHeaders(t *testing.T) {
	long := []byte{44, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	auth := []byte{44, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	for name, tc := range map[string]struct {
		next   byte
		header []byte
	}{
		"hop-by-hop of 16 bytes": {0, long},
		"destination":            {60, long},
		"AH of 24 bytes":         {51, auth},
	} {
		t.Run(name, func(t *testing.T) {
			outer := vector{v6: true, fragmentable: slices.Concat(tc.header, lastPiece), change: set(6, tc.next)}
			quoted := vector{v6: true, quotedProto: layers.IPProtocol(tc.next), inner: slices.Concat(tc.header, laterPiece)}
			for check, v := range map[pipeline.Reason]vector{sane.Fragment: outer, sane.QuotedFragmentV6: quoted} {
				p := v.packet()
				if got := pipelinetest.Decide(alone(t, check), &p); got != check {
					t.Errorf("reason %d, want %d", got, check)
				}
			}
		})
	}
}
