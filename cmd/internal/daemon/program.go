package daemon

import (
	"errors"
	"io"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// Program is the program that a daemon is part of.
type Program struct {
	Name, Version string
	Plugins       []pipeline.Plugin

	// Stdin, Stdout and Stderr are the program's. Pipelines write to Stdout
	// concurrently.
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	// Socket is the path of the control socket where the configuration names none.
	Socket string

	// Signals are those of the process. Nil means that the process belongs to
	// somebody else, and keeps its rights.
	Signals *Signals
}

// ErrFailed says that the daemon failed while running. Why was logged when it happened.
var ErrFailed = errors.New("failed")

// UserAgent returns what the program introduces itself with to servers, as HTTP's User-Agent
// wants it (RFC 9110, section 10.1.5).
func (p *Program) UserAgent() string {
	return p.Name + "/" + strings.Trim(p.Version, "()")
}
