package pcapfile

import "github.com/pmtud/pmtud/pipeline"

// Needs is [pipeline.Needer].
func (s *sink) Needs() pipeline.Needs {
	return pipeline.Needs{
		Files:     []pipeline.File{{Path: s.settings.Path, Writes: true}},
		Exclusive: []string{"write " + s.settings.Path},
		Emits:     []string{"file " + s.settings.Path},
	}
}
