package config

import (
	"cmp"
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// File is a configuration: what one or several files declare together.
type File struct {
	// Settings are those of the top level, as they were written.
	Settings Table

	// Global is what Settings come to, with defaults for the others.
	Global Global

	// Pipelines are in the order of the files and within each of its text.
	Pipelines []Pipeline

	// Names are the files it was read from, in order.
	Names []string

	// Empty are those of Names that declare nothing.
	Empty []string

	// Included are the files that variables were read from.
	Included []string

	texts mistake.Texts
}

// Pipeline is the declaration of one pipeline.
type Pipeline struct {
	Name    string
	At      Position
	Sources []Stage
	Filters []Stage
	Sinks   []Stage

	listsAt map[string]Position // of the keys

	// unclear holds the lists that were meant to be there but could not be read.
	unclear map[string]bool

	repeated bool // its name is that of one before it
}

// Stage is the declaration of one source, filter or sink.
type Stage struct {
	Type     string
	Name     string // empty: it is called by its type
	Settings Table
	Filters  []Stage // of a sink

	At     Position // of the type
	nameAt Position // of the name, or of the type without one
	itemAt Position // of the list's element, or of the alias that brought it there

	// Resolved is what the stage comes to; nil if it is not known what it is.
	Resolved *Resolved
}

// Resolved is what the declaration of a stage comes to.
type Resolved struct {
	Plugin   pipeline.Plugin
	Settings any  // a pointer from Plugin.NewSettings
	Sink     Sink // of a sink

	needs      pipeline.Needs
	undeclared bool // it may use the host, and does not say what of it
}

type (
	// Setting is a setting as it was written. Its value is nil where it was wrong in form.
	Setting = syntax.Node
	// Table is a value that is made of settings with names.
	Table = syntax.Table
	// List is a value that is made of others.
	List = syntax.List
	// Number is a number as it was written.
	Number = syntax.Number

	// Position is where something stands in a configuration.
	Position = mistake.Position
	// Mistake is one thing wrong in a configuration.
	Mistake = mistake.Mistake
	// Mistakes are all mistakes of a configuration.
	Mistakes = mistake.Mistakes
)

// Specs returns the pipelines' specs. The File must have been resolved without
// mistakes. Streams and limits are left for the caller to fill in.
func (f *File) Specs() []pipeline.Spec {
	specs := make([]pipeline.Spec, 0, len(f.Pipelines))
	for _, p := range f.Pipelines {
		spec := pipeline.Spec{Name: p.Name, Sources: specStages(p.Sources), Filters: specStages(p.Filters)}
		for _, s := range p.Sinks {
			queue := s.Resolved.Sink.Queue
			spec.Sinks = append(spec.Sinks, pipeline.SinkStage{
				Stage: s.spec(), Filters: specStages(s.Filters), QueueSize: queue.Size, MaxAge: queue.MaxAge,
			})
		}
		specs = append(specs, spec)
	}
	return specs
}

func specStages(stages []Stage) []pipeline.Stage {
	var specs []pipeline.Stage
	for _, s := range stages {
		specs = append(specs, s.spec())
	}
	return specs
}

func (s Stage) spec() pipeline.Stage {
	return pipeline.Stage{Name: s.Name, Plugin: s.Resolved.Plugin, Settings: s.Resolved.Settings}
}

// Called returns the name that the stage goes by.
func (s Stage) Called() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Type
}

// IsSecret reports whether a setting of a resolved stage must not be shown, such as a key.
func (s Stage) IsSecret(name string) bool {
	return s.Resolved != nil && slices.ContainsFunc(setting.Of(s.Resolved.Settings), func(i setting.Info) bool {
		return i.Name == name && i.Secret
	})
}

// needs returns what the stage needs of the host, as far as it was built.
func (s Stage) needs() pipeline.Needs {
	if s.Resolved == nil {
		return pipeline.Needs{}
	}
	return s.Resolved.needs
}

// report returns a report for mistakes that are found in f after it was read.
func (f *File) report() *mistake.Report { return &mistake.Report{Texts: f.texts, Files: f.Names} }

// At returns where the value of a top-level setting stands, for example that of
// ("http", "listen"). It is the zero value if the setting was not written.
func (f *File) At(names ...string) Position {
	s := &Setting{Value: f.Settings}
	for _, name := range names {
		if s = s.Table().Find(name); s == nil {
			return Position{}
		}
	}
	return s.At
}

// apart returns places in two stages, or where the stages stand if aliases of YAML brought
// both from one place.
func apart(s *Stage, at Position, other *Stage, otherAt Position) (_, _ Position) {
	if at == otherAt {
		return cmp.Or(s.itemAt, at), cmp.Or(other.itemAt, otherAt)
	}
	return at, otherAt
}
