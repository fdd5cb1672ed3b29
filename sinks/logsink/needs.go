package logsink

import "github.com/pmtud/pmtud/pipeline"

// Needs is [pipeline.HostUser]: standard output is there already.
func (s *sink) Needs() pipeline.Needs { return pipeline.Needs{Drops: s.Verbosity >= dropped} }
