package broadcast_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/sinks/broadcast"
)

// TestNeeds wants warnings about the settings that endanger a LAN, and a dry run to emit nothing.
func TestNeeds(t *testing.T) {
	for name, tc := range map[string]struct {
		change   func(*broadcast.Settings)
		emits    []string
		warnings []string
	}{
		"defaults":   {func(*broadcast.Settings) {}, []string{"frames sent on eth0"}, nil},
		"any packet": {func(s *broadcast.Settings) { s.AnyPacket = true }, []string{"frames sent on eth0"}, []string{"any_packet"}},
		"router's":   {func(s *broadcast.Settings) { s.SourceMAC = broadcast.CapturedSource }, []string{"frames sent on eth0"}, []string{"source_mac"}},
		"dry run":    {func(s *broadcast.Settings) { s.DryRun = true }, nil, nil},
	} {
		needs := build(t, settings(tc.change)).(pipeline.HostUser).Needs()
		var warnings []string
		for _, w := range needs.Warnings {
			warnings = append(warnings, w.Setting)
		}
		if diff := cmp.Diff([][]string{tc.emits, tc.warnings}, [][]string{needs.Emits, warnings}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
