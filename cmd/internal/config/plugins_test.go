package config_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// The plugins of these tests do nothing; they have settings of every kind.

type inputSettings struct {
	Interface   string        `setting:"interface" required:"true" doc:"interface to read from"`
	Direction   direction     `setting:"direction" doc:"in, out or both"`
	Promiscuous bool          `setting:"promiscuous" doc:"read frames to other hosts too"`
	Snaplen     int           `setting:"snaplen" doc:"bytes to keep of a packet"`
	Group       uint16        `setting:"group" doc:"number of a group"`
	Offset      int8          `setting:"offset" doc:"number with a sign"`
	Wait        time.Duration `setting:"wait" doc:"how long to wait"`
}

type direction string

func (d *direction) UnmarshalText(text []byte) error {
	switch *d = direction(text); *d {
	case "in", "out", "both":
		return nil
	}
	return fmt.Errorf("%q is not in, out or both", text)
}

type limitSettings struct {
	Rate  float64 `setting:"rate" doc:"packets per second"`
	Burst float32 `setting:"burst" doc:"packets at once"`
	Total uint64  `setting:"total" doc:"packets altogether"`
}

type portsSettings struct {
	Ports  []port   `setting:"ports" required:"true" doc:"ports that pass"`
	Labels []string `setting:"labels" doc:"any text"`
	Levels []int    `setting:"levels" doc:"any numbers"`
	Ratios []float64
}

// port takes any text, so that tests see what it was given.
type port struct{ text string }

func (p *port) UnmarshalText(text []byte) error {
	if p.text = string(text); p.text == "bad" || p.text == "" {
		return fmt.Errorf("%q is not a port", text)
	}
	return nil
}

func (p port) String() string { return p.text }

type outputSettings struct {
	Path string `setting:"path" doc:"file to write"`
}

var plugins = []pipeline.Plugin{
	pipeline.NewSource(pipeline.SourcePlugin[inputSettings]{
		Type: "input", Summary: "reads",
		Defaults: inputSettings{Direction: "in", Snaplen: 2048, Wait: time.Second},
		New: func(s inputSettings, env pipeline.Env) (pipeline.Source, error) {
			env.Log.Debug("built", "stage", env.Stage)
			if s.Snaplen == 0 {
				return nil, setting.Errorf("snaplen", "must not be 0")
			}
			return nothing{}, nil
		},
	}),
	pipeline.NewSource(pipeline.SourcePlugin[outputSettings]{
		Type: "file", Summary: "reads files",
		New: func(outputSettings, pipeline.Env) (pipeline.Source, error) { return nothing{}, nil },
	}),
	pipeline.NewFilter(pipeline.FilterPlugin[limitSettings]{
		Type: "rate-limit", Summary: "limits", Reasons: pipeline.Reasons{1: {Name: "rate-limited", Doc: "too fast"}},
		Defaults: limitSettings{Rate: 1},
		New: func(s limitSettings, _ pipeline.Env) (pipeline.Filter, error) {
			var errs []error
			if !(s.Rate > 0) {
				errs = append(errs, setting.Errorf("rate", "%v is not positive", s.Rate))
			}
			if s.Burst < 0 {
				errs = append(errs, setting.Errorf("burst", "%v is negative", s.Burst))
			}
			if s.Rate == 13 {
				errs = append(errs, errors.New("rates of 13 bring bad luck"))
			}
			if s.Total == 1 {
				errs = append(errs, setting.Errorf("burst", "is needed for a total of 1"))
			}
			if s.Total == 666 {
				panic("the number of the beast")
			}
			return nothing{}, errors.Join(errs...)
		},
	}),
	pipeline.NewFilter(pipeline.FilterPlugin[portsSettings]{
		Type: "ports", Summary: "lets ports pass", Reasons: pipeline.Reasons{1: {Name: "other", Doc: "broken"}},
		Defaults: portsSettings{Levels: []int{1, 2, 3}},
		New:      func(portsSettings, pipeline.Env) (pipeline.Filter, error) { return nothing{}, nil },
	}),
	pipeline.NewFilter(pipeline.FilterPlugin[struct{}]{
		Type: "all", Summary: "lets all pass",
		New: func(struct{}, pipeline.Env) (pipeline.Filter, error) { return passing{}, nil },
	}),
	pipeline.NewSink(pipeline.SinkPlugin[outputSettings]{
		Type: "output", Summary: "writes",
		New: func(outputSettings, pipeline.Env) (pipeline.Sink, error) { return nothing{}, nil },
	}),
	pipeline.NewSink(pipeline.SinkPlugin[outputSettings]{
		Type: "file", Summary: "writes files",
		New: func(outputSettings, pipeline.Env) (pipeline.Sink, error) { return nothing{}, nil },
	}),
}

type passing struct{}

func (passing) Filter(*pipeline.Packet) pipeline.Reason { return pipeline.Pass }

// nothing is a stage of any kind, which is opened and does not say what it needs.
type nothing struct{ passing }

func (nothing) Open(context.Context) error { return nil }

func (nothing) Close() error { return nil }

func (nothing) Run(context.Context, func([]pipeline.Packet)) error { return nil }

func (nothing) Deliver([]*pipeline.Packet, []pipeline.Reason) {}

func (nothing) Flush() {}
