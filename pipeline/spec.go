package pipeline

import (
	"io"
	"log/slog"
	"time"

	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/seen"
)

// Spec says what a pipeline is made of, in the order of the configuration.
type Spec struct {
	Name    string
	Sources []Stage
	Filters []Stage
	Sinks   []SinkStage

	// QueueSize is the number of packets that a sink's queue holds where
	// [SinkStage] does not say; 0 means DefaultQueueSize. See 8 MiB for
	// the other bound.
	QueueSize int

	Program string // its name and version, for [Env]

	Log    *slog.Logger // nil: nothing is logged
	Stdin  io.Reader    // nil: empty
	Stdout io.Writer    // nil: nothing is written

	// Arrived is shared by all pipelines of a program: see [Env]. Nil: it is the pipeline's own.
	Arrived *seen.Memory

	// Published is likewise.
	Published *seen.Memory

	// Ear hears the canaries that come. Nil: they are dropped all the same.
	Ear *canary.Ear

	// Watcher sees what becomes of packets while the pipeline runs. Nil: nobody does.
	Watcher Watcher
}

// DefaultQueueSize is the number of packets that a sink's queue holds by default.
const DefaultQueueSize = 1024

// Stage is a plugin with settings. The settings come from [Plugin.NewSettings] and
// belong to the pipeline after [New].
type Stage struct {
	Name     string // unique among the stages of its list; the plugin's type if empty
	Plugin   Plugin
	Settings any // nil: the defaults
}

// SinkStage is a sink with filters of its own, which decide after those of the
// pipeline and for this sink only.
type SinkStage struct {
	Stage
	Filters []Stage

	// QueueSize is the number of packets that the sink's queue holds; 0 means that
	// of the Spec.
	QueueSize int

	// MaxAge is the age, since their capture, beyond which packets are shed instead
	// of delivered; 0 means that they are delivered at any age. It means nothing in
	// a pipeline with a source that can wait: its packets may be of any age.
	MaxAge time.Duration
}

// name returns what the stage is called.
func (s Stage) name() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Plugin.Type
}
