package peers

import "github.com/pmtud/pmtud/pipeline"

// Needs is [pipeline.HostUser].
func (s *Sink) Needs() pipeline.Needs {
	n := s.List.Needs()
	if !s.settings.DryRun {
		n.Limit = !s.settings.Unlimited
		n.Capabilities = []string{"CAP_NET_RAW"}
		n.Emits = []string{"packets sent by routing"}
	}
	return n
}
