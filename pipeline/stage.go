package pipeline

import (
	"fmt"
	"iter"
	"slices"
)

// StageID says which stage of a pipeline something is about.
type StageID struct {
	Kind  Kind
	Sink  int    // index of the sink whose filter it is, otherwise -1
	Owner string // name of that sink, otherwise empty
	Index int    // in its list, from 0
	Name  string
}

// String returns for example "source pcap", or "sink 2, filter mtu" for a filter of a sink.
func (id StageID) String() string {
	if id.Sink >= 0 {
		return fmt.Sprintf("sink %d, filter %s", id.Sink+1, id.Name)
	}
	return fmt.Sprintf("%v %s", id.Kind, id.Name)
}

// StageError is a mistake in the description of one stage.
type StageError struct {
	StageID
	Err error
}

func (e *StageError) Error() string { return fmt.Sprintf("%v: %v", e.StageID, e.Err) }

func (e *StageError) Unwrap() error { return e.Err }

// stages returns the stages of s, in the order of the configuration: sources, filters, then
// each sink with its filters.
func (s *Spec) stages() iter.Seq2[StageID, Stage] {
	return func(yield func(StageID, Stage) bool) {
		list := func(kind Kind, sink int, owner string, stages []Stage) bool {
			for i, stage := range stages {
				if !yield(StageID{kind, sink, owner, i, stage.name()}, stage) {
					return false
				}
			}
			return true
		}
		if !list(KindSource, -1, "", s.Sources) || !list(KindFilter, -1, "", s.Filters) {
			return
		}
		for i, sink := range s.Sinks {
			id := StageID{KindSink, -1, "", i, sink.name()}
			if !yield(id, sink.Stage) || !list(KindFilter, i, id.Name, sink.Filters) {
				return
			}
		}
	}
}

// built is a stage of a pipeline.
type built struct {
	StageID
	plugin Plugin
	stage  any
}

// Stages returns the pipeline's stages, each a [Source], [Filter] or [Sink], in the order of
// the configuration: sources, filters, then each sink with its filters.
func (p *Pipeline) Stages() iter.Seq2[StageID, any] {
	return func(yield func(StageID, any) bool) {
		for _, s := range p.stages {
			if !yield(s.StageID, s.stage) {
				return
			}
		}
	}
}

// Reaches reports whether a sink of the pipeline has that reach.
func (p *Pipeline) Reaches(r Reach) bool {
	return slices.ContainsFunc(p.stages, func(s built) bool { return s.plugin.Reach == r }) // only sinks have one
}
