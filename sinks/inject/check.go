package inject

import "github.com/pmtud/pmtud/pipeline"

// CheckHost is [pipeline.HostChecker]: it tells whether the device can be made, or whether one
// that is there gets packets into the stack.
func (s *sink) CheckHost() []pipeline.HostFinding {
	if s.Settings.DryRun {
		return nil
	}
	return checkHost(s.Settings)
}
