package config

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// Sink are the settings that each sink has besides those of its plugin, by names that
// plugins leave alone. The tags are those of a plugin's settings, see
// [pipeline.FilterPlugin].
type Sink struct {
	Queue Queue `setting:"queue" doc:"packets that wait for the sink"`
}

// Queue are the settings of a sink's queue.
type Queue struct {
	Size   int           `setting:"size" doc:"how many packets can wait; when the queue is full, live ones take the place of the oldest, and what is read from files waits" min:"1" max:"65536" example:"4096"`
	MaxAge time.Duration `setting:"max_age" doc:"age since its capture at which a live packet that had to wait is given up instead of delivered; 0 for any age" min:"0s" example:"1s"`
}

// SinkSettings returns a pointer to a [Sink] that holds the defaults.
func SinkSettings() any {
	s := defaultSink()
	return &s
}

func defaultSink() Sink { return Sink{Queue{Size: pipeline.DefaultQueueSize}} }

// common returns the names of the settings that the stage has whatever its plugin.
func (s *Stage) common() []string {
	if s.Resolved == nil || s.Resolved.Plugin.Kind != pipeline.KindSink {
		return nil
	}
	return slices.Collect(maps.Keys(fieldsOf(SinkSettings())))
}

// decodeCommon decodes the settings that the stage has whatever its plugin.
func (r *resolver) decodeCommon(s *Stage, what string) {
	if s.Resolved.Plugin.Kind != pipeline.KindSink {
		return
	}
	names := s.common()
	var table Table
	for _, setting := range s.Settings {
		if slices.Contains(names, setting.Name) {
			table = append(table, setting)
		}
	}
	s.Resolved.Sink = defaultSink()
	reader := structReader{resolver: *r}
	reader.structure(reflect.ValueOf(&s.Resolved.Sink).Elem(), &Setting{Value: table, At: s.At}, what)
}
