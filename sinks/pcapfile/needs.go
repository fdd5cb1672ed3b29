package pcapfile

import (
	"path/filepath"

	"github.com/pmtud/pmtud/pipeline"
)

// Needs is [pipeline.HostUser].
func (s *sink) Needs() pipeline.Needs {
	name := "file " + filepath.Clean(s.settings.Path)
	return pipeline.Needs{
		Files:     []pipeline.File{{Path: s.settings.Path, Writes: true}},
		Exclusive: []string{name},
		Emits:     []string{name},
	}
}
