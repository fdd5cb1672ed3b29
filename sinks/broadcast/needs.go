package broadcast

import "github.com/pmtud/pmtud/pipeline"

// Needs is [pipeline.Needer]. A dry run opens its socket too.
func (s *sink) Needs() pipeline.Needs {
	n := pipeline.Needs{
		Interfaces:   []pipeline.Interface{{Name: s.Interface}},
		Capabilities: []string{"CAP_NET_RAW"},
		Families:     []string{"AF_PACKET"},
	}
	if !s.DryRun {
		n.Emits = []string{"frames sent on " + s.Interface}
	}
	return n
}
