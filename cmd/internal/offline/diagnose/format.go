package diagnose

import (
	"fmt"
	"io"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
)

// Formats for machines.
const (
	JSON  = "json"
	SARIF = "sarif"
)

// Report is what a check of configuration files found.
type Report struct {
	Files    []string // that were read
	Mistakes config.Mistakes
	Host     []hostcheck.Finding // nil: nobody looked; SARIF leaves them out
	Version  string              // of the program
}

// Write writes a report in one of the formats for machines.
func Write(w io.Writer, format string, r Report) error {
	switch format {
	case JSON:
		return writeJSON(w, r)
	case SARIF:
		return writeSARIF(w, r)
	}
	return fmt.Errorf("unknown format %q", format)
}
