package config

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pmtud/pmtud/pipeline"
)

// Locate turns an error of [pipeline.New] for a spec of f into Mistakes at the
// places where f declares what is wrong.
func (f *File) Locate(name string, err error) Mistakes {
	i := slices.IndexFunc(f.Pipelines, func(p Pipeline) bool { return p.Name == name })
	if i < 0 {
		return Mistakes{{Message: fmt.Sprintf("pipeline %s: %v", name, err)}}
	}
	p, r := &f.Pipelines[i], f.report()
	for _, err := range split(err) {
		var stage *pipeline.StageError
		if !errors.As(err, &stage) {
			r.Add(p.At, "", "%v", err)
			continue
		}
		s := p.stage(stage)
		pluginErrors(r, s.Settings, s.At, stage.Err)
	}
	return r.Mistakes
}

// stage returns the stage that an error is about.
func (p *Pipeline) stage(e *pipeline.StageError) *Stage {
	switch {
	case e.Kind == pipeline.KindSource:
		return &p.Sources[e.Index]
	case e.Kind == pipeline.KindSink:
		return &p.Sinks[e.Index]
	case e.Sink >= 0:
		return &p.Sinks[e.Sink].Filters[e.Index]
	}
	return &p.Filters[e.Index]
}

// With returns mistakes of f and one more that the caller found at a place in it, in
// order.
func (f *File) With(mistakes Mistakes, at Position, err error) Mistakes {
	r := f.report()
	r.Mistakes = mistakes
	r.Add(at, "", "%v", err)
	r.Sort()
	return r.Mistakes
}
