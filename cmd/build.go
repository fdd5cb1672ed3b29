package cmd

import (
	"log/slog"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/pipeline"
)

// tryBuild builds all pipelines on trial.
func (a *app) tryBuild(f *config.File) error {
	var mistakes config.Mistakes
	for _, spec := range f.Specs() {
		spec.Log = slog.New(slog.DiscardHandler)
		if _, err := a.buildOne(f, spec); err != nil {
			mistakes = append(mistakes, f.Locate(spec.Name, err)...)
		}
	}
	if len(mistakes) > 0 {
		return mistakes
	}
	return nil
}

// buildOne builds a pipeline of a file.
func (a *app) buildOne(f *config.File, spec pipeline.Spec) (*pipeline.Pipeline, error) {
	spec.Stdin, spec.Stdout = a.Stdin, a.Stdout
	p, err := pipeline.New(spec)
	if err != nil {
		return nil, f.Locate(spec.Name, err)
	}
	return p, nil
}
