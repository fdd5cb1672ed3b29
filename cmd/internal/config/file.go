package config

import (
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// File is a configuration: what one or several files declare together.
type File struct {
	// Settings are those of the top level, as they were written.
	Settings []Setting

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

	settingsAt, pipelinesAt map[string]Position // of the names, as they are read
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
	Settings []Setting
	Filters  []Stage // of a sink

	At     Position // of the type
	NameAt Position
	itemAt Position // of the list's element, or of the alias that brought it there

	Remarks Remarks // for Marshal

	plugin   pipeline.Plugin
	settings any  // a pointer from plugin.NewSettings; nil until resolved
	sink     Sink // of a sink
	needs    pipeline.Needs

	undeclared bool // it may use the host, and does not say what of it
}

// Setting is a setting as it was written.
type Setting struct {
	Name string

	// Value is a string, bool, Number, Table or a []any of these; nil where it was
	// wrong in form.
	Value any

	At      Position   // of the value
	NameAt  Position   // of the name
	ItemsAt []Position // of the elements of a list; may be nil

	Remarks Remarks // for Marshal
}

// Table is a value that is made of settings with names.
type Table []Setting

// Position is where something stands in a configuration.
type Position = mistake.Position

// Mistake is one thing wrong in a configuration.
type Mistake = mistake.Mistake

// Mistakes are all mistakes of a configuration.
type Mistakes = mistake.Mistakes

// Specs returns the pipelines' specs. The File must have been resolved without
// mistakes. Streams and limits are left for the caller to fill in.
func (f *File) Specs() []pipeline.Spec {
	specs := make([]pipeline.Spec, 0, len(f.Pipelines))
	for _, p := range f.Pipelines {
		spec := pipeline.Spec{Name: p.Name, Sources: specStages(p.Sources), Filters: specStages(p.Filters)}
		for _, s := range p.Sinks {
			spec.Sinks = append(spec.Sinks, pipeline.SinkStage{
				Stage: s.spec(), Filters: specStages(s.Filters),
				QueueSize: s.sink.Queue.Size, MaxAge: s.sink.Queue.MaxAge,
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
	return pipeline.Stage{Name: s.Name, Plugin: s.plugin, Settings: s.settings}
}

// called returns the name that the stage goes by.
func (s Stage) called() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Type
}

// setting returns the setting with the name, or nil.
func (s Stage) setting(name string) *Setting { return find(s.Settings, name) }

// find returns the setting with the name, or nil.
func find(settings []Setting, name string) *Setting {
	for i := range settings {
		if settings[i].Name == name {
			return &settings[i]
		}
	}
	return nil
}

// IsSecret reports whether a setting of a resolved stage must not be shown, such as a key.
func (s Stage) IsSecret(name string) bool {
	return s.settings != nil && slices.ContainsFunc(setting.Of(s.settings), func(i setting.Info) bool {
		return i.Name == name && i.Secret
	})
}
