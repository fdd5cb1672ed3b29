package relay

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Needs is [pipeline.HostUser]. A second sink for the same peer would double what it gets.
func (s *Sink) Needs() pipeline.Needs {
	n := s.List.Needs()
	if s.settings.DryRun {
		return n
	}
	for _, a := range s.Addresses() {
		n.Unique = append(n.Unique, fmt.Sprintf("relay to port %d of %v", s.settings.Port, a))
	}
	return n
}
