package pcapfile

import (
	"path/filepath"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
)

// Needs is [pipeline.HostUser].
func (s *source) Needs() (n pipeline.Needs) {
	for _, path := range s.settings.Path {
		if path == capfile.Stdin {
			n.Exclusive = append(n.Exclusive, "standard input")
			continue
		}
		n.Files = append(n.Files, pipeline.File{Path: path})
		n.Hears = append(n.Hears, "file "+filepath.Clean(path))
	}
	return n
}
