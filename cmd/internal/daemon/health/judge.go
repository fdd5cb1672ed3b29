package health

import (
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/pipeline"
)

// Finding is the state of one pipeline or of one of its stages.
type Finding struct {
	Pipeline         string
	pipeline.StageID        // zero for the pipeline itself
	Trouble          string // in one line; empty if all is well
}

// String returns what the finding is about.
func (f Finding) String() string {
	about := "pipeline " + f.Pipeline
	if f.Owner != "" {
		about += " sink " + f.Owner
	}
	if f.Name != "" {
		about += " " + f.Kind.String() + " " + f.Name
	}
	return about
}

// Judge returns the state of every pipeline and stage, in the order of the
// configuration. A pipeline that came to the end of its captures is well.
func Judge(status service.Status) []Finding {
	var all []Finding
	for _, p := range status.Pipelines {
		own := Finding{Pipeline: p.Name}
		switch {
		case p.Err != nil:
			own.Trouble = "it failed: " + oneLine(p.Err)
		case p.Ended && !p.Pipeline.Finite():
			own.Trouble = "it has ended"
		}
		all = append(all, own)
		for _, s := range p.Pipeline.Health() {
			all = append(all, Finding{p.Name, s.StageID, oneLine(s.Problem)})
		}
	}
	return all
}

// Ready reports whether all is well.
func Ready(all []Finding) bool {
	for _, f := range all {
		if f.Trouble != "" {
			return false
		}
	}
	return len(all) > 0 // else nothing runs yet
}

// oneLine returns the text of an error on one line, without the stack of a panic.
func oneLine(err error) string {
	if err == nil {
		return ""
	}
	text, _, _ := strings.Cut(err.Error(), "\ngoroutine ")
	return strings.ReplaceAll(text, "\n", "; ")
}
