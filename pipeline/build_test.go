package pipeline_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/seen"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// mistakes returns the stage errors that an error joins, as kind, sink, index and
// text.
func mistakes(t *testing.T, err error) (out []string) {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("error %v does not join others", err)
	}
	for _, err := range joined.Unwrap() {
		var s *pipeline.StageError
		if !errors.As(err, &s) {
			out = append(out, err.Error())
			continue
		}
		out = append(out, fmt.Sprintf("%v %d %d: %v", s.Kind, s.Sink, s.Index, s))
	}
	return out
}

func TestNewReportsAllMistakes(t *testing.T) {
	type settings struct{ Rate int }
	bad := func(build func() (pipeline.Filter, error)) pipeline.Plugin {
		return pipeline.NewFilter(pipeline.FilterPlugin[settings]{
			Type: "bad", New: func(settings, pipeline.Env) (pipeline.Filter, error) { return build() },
		})
	}
	refuses := bad(func() (pipeline.Filter, error) { return nil, setting.Errorf("rate", "%d is too much", 7) })
	panics := bad(func() (pipeline.Filter, error) { panic("boom") })
	nothing := bad(func() (pipeline.Filter, error) { return nil, nil })
	in := live("in", source{})
	_, err := pipeline.New(pipeline.Spec{
		Sources: []pipeline.Stage{in, in, {Name: "odd", Plugin: refuses}},
		Filters: []pipeline.Stage{
			{Plugin: refuses},
			{Name: "nothing", Plugin: nothing},
			{Name: "typed", Plugin: refuses, Settings: settings{}},
			{Name: "none"},
			filterStage("twice", filter{}), filterStage("twice", filter{}),
		},
		Sinks: []pipeline.SinkStage{
			{Stage: pipeline.Stage{Name: "odd", Plugin: refuses}},
			sinkStage("out", sink{}, pipeline.Stage{Plugin: refuses}),
			sinkStage("out", sink{}, filterStage("f", filter{}), filterStage("f", filter{}), pipeline.Stage{Plugin: refuses}),
		},
	})
	want := []string{
		"filter -1 0: filter bad: rate: 7 is too much",
		"filter -1 1: filter nothing: plugin bad built a <nil>",
		"filter -1 2: filter typed: build stage typed: settings are pipeline_test.settings, not *pipeline_test.settings",
		"filter -1 3: filter none:  is a kind(0), not a filter",
		"filter 1 0: sink 2, filter bad: rate: 7 is too much",
		"filter 2 2: sink 3, filter bad: rate: 7 is too much",
		"sink -1 0: sink odd: bad is a filter, not a sink",
		"source -1 2: source odd: bad is a filter, not a source",
		`source -1 1: source in: a second source is called "in"; give it another name`,
		`filter -1 5: filter twice: a second filter is called "twice"; give it another name`,
		`sink -1 2: sink out: a second sink is called "out"; give it another name`,
		`filter 2 1: sink 3, filter f: a second filter is called "f"; give it another name`,
	}
	if diff := cmp.Diff(want, mistakes(t, err)); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
	var setting *setting.Error
	if !errors.As(err, &setting) || setting.Setting != "rate" {
		t.Errorf("error %v is no setting.Error about rate", err)
	}

	_, err = pipeline.New(pipeline.Spec{Name: "edge", Filters: []pipeline.Stage{{Plugin: panics}}})
	got := mistakes(t, err)
	if len(got) != 2 || got[0] != "pipeline edge has no sources" || !strings.HasPrefix(got[1], "filter -1 0: filter bad: panic: boom") {
		t.Errorf("mistakes %q", got)
	}
}

// TestFirstSinksFilter has a mistake in the filter of a pipeline's first sink.
func TestFirstSinksFilter(t *testing.T) {
	_, err := pipeline.New(pipeline.Spec{
		Sources: []pipeline.Stage{live("in", source{})},
		Sinks:   []pipeline.SinkStage{sinkStage("out", sink{}, pipeline.Stage{Name: "none"})},
	})
	want := []string{"filter 0 0: sink 1, filter none:  is a kind(0), not a filter"}
	if diff := cmp.Diff(want, mistakes(t, err)); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

// TestQueueSizes has sinks with a size of their own, that of the pipeline and the default.
func TestQueueSizes(t *testing.T) {
	for _, tc := range []struct{ pipeline, sink, want int }{
		{0, 0, pipeline.DefaultQueueSize},
		{-1, -1, pipeline.DefaultQueueSize},
		{1, 0, 1},
		{7, 0, 7},
		{7, 1, 1},
		{7, 9, 9},
		{0, 1, 1},
	} {
		out := sinkStage("out", sink{})
		out.QueueSize = tc.sink
		p, err := pipeline.New(pipeline.Spec{
			QueueSize: tc.pipeline, Sources: []pipeline.Stage{live("in", source{})}, Sinks: []pipeline.SinkStage{out},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Counters().Sinks[0].QueueSize; got != uint64(tc.want) {
			t.Errorf("pipeline %d, sink %d: queue of %d, want %d", tc.pipeline, tc.sink, got, tc.want)
		}
	}
}

func TestSameNameInOtherLists(t *testing.T) {
	if _, err := pipeline.New(pipeline.Spec{
		Sources: []pipeline.Stage{live("x", source{})},
		Filters: []pipeline.Stage{filterStage("x", filter{})},
		Sinks:   []pipeline.SinkStage{sinkStage("x", sink{}, filterStage("x", filter{}))},
	}); err != nil {
		t.Error(err)
	}
}

// programmed is a filter with a program of one instruction.
type programmed struct{ filter }

func (programmed) KernelFilter(_ linklayer.Type, snaplen uint32) []bpf.Instruction {
	return []bpf.Instruction{bpf.RetConstant{Val: snaplen}}
}

func TestEnv(t *testing.T) {
	envs := map[string]pipeline.Env{}
	see := func(env pipeline.Env) { envs[env.Stage] = env }
	in := pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
		Type: "in",
		New:  func(_ struct{}, env pipeline.Env) (pipeline.Source, error) { see(env); return source{}, nil },
	})
	pass := pipeline.NewFilter(pipeline.FilterPlugin[struct{}]{
		Type: "pass",
		New:  func(_ struct{}, env pipeline.Env) (pipeline.Filter, error) { see(env); return filter{}, nil },
	})
	out := new(bytes.Buffer)
	spec := pipeline.Spec{
		Name: "edge", Sources: []pipeline.Stage{{Plugin: in}}, Stdin: strings.NewReader("hi"), Stdout: out, Program: "edged/1.2",
		Arrived: seen.Recent(), Published: seen.Published(), Ear: canary.NewEar(),
		Filters: []pipeline.Stage{filterStage("k", programmed{}), {Plugin: pass}},
	}
	if _, err := pipeline.New(spec); err != nil {
		t.Fatal(err)
	}
	env := envs["in"]
	if b, _ := io.ReadAll(env.Stdin); string(b) != "hi" || env.Stdout != out || env.Pipeline != "edge" || env.Program != "edged/1.2" || env.Log == nil {
		t.Errorf("environment %+v", env)
	}
	if env.Arrived != spec.Arrived || env.Published != spec.Published || !env.Canaries {
		t.Errorf("the program's memory of packets is not the stage's, or it need not leave canaries: %v", env.Canaries)
	}
	if env.KernelFilter == nil || len(env.KernelFilter(linklayer.Ethernet, 9)) != 1 {
		t.Error("the source has no kernel filter, though the pipeline begins with one")
	}
	if envs["pass"].KernelFilter != nil {
		t.Error("a filter has a kernel filter")
	}

	spec.Filters = []pipeline.Stage{{Plugin: pass}, filterStage("k", programmed{})}
	if _, err := pipeline.New(spec); err != nil {
		t.Fatal(err)
	}
	if envs["in"].KernelFilter != nil {
		t.Error("the source has a kernel filter, though the pipeline does not begin with one")
	}
}

func TestDefaultEnv(t *testing.T) {
	var env pipeline.Env
	in := pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
		Type: "in",
		New:  func(_ struct{}, e pipeline.Env) (pipeline.Source, error) { env = e; return source{}, nil },
	})
	if _, err := pipeline.New(pipeline.Spec{Sources: []pipeline.Stage{{Plugin: in}}}); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(env.Stdin); len(b) != 0 || err != nil {
		t.Errorf("standard input: %q, %v", b, err)
	}
	if _, err := env.Stdout.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	env.Log.Info("goes nowhere")
	if env.Arrived == nil || env.Published == nil || env.Canaries {
		t.Errorf("environment %+v", env)
	}
}

func TestSettingsOfStagesAreTheirOwn(t *testing.T) {
	type settings struct{ Rate int }
	plugin := pipeline.NewFilter(pipeline.FilterPlugin[settings]{Type: "f", Defaults: settings{Rate: 3}})
	first := plugin.NewSettings().(*settings)
	first.Rate = 9
	if second := plugin.NewSettings().(*settings); second.Rate != 3 {
		t.Errorf("rate %d, want the default", second.Rate)
	}
}

func TestKindString(t *testing.T) {
	var got []string
	for k := range pipeline.Kind(4) {
		got = append(got, k.String())
	}
	if diff := cmp.Diff([]string{"kind(0)", "source", "filter", "sink"}, got); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

// bounded has a setting with a bound.
type bounded struct {
	Count int `setting:"count" min:"1"`
}

// TestBuildChecks checks that a plugin's constructor sees no settings that are
// wrong by their tags.
func TestBuildChecks(t *testing.T) {
	built := 0
	plugin := pipeline.NewFilter(pipeline.FilterPlugin[bounded]{
		Type: "bounded",
		New: func(bounded, pipeline.Env) (pipeline.Filter, error) {
			built++
			return passAll{}, nil
		},
	})
	if _, err := plugin.Build(new(bounded), pipeline.Env{}); err == nil || built != 0 {
		t.Errorf("error %v, built %d times", err, built)
	}
	if _, err := plugin.Build(&bounded{Count: 1}, pipeline.Env{}); err != nil || built != 1 {
		t.Errorf("error %v, built %d times", err, built)
	}
}

type passAll struct{}

func (passAll) Filter(*pipeline.Packet) pipeline.Reason { return pipeline.Pass }

// TestPlugins has all that a plugin declares.
func TestPlugins(t *testing.T) {
	reasons, infos := pipeline.Reasons{1: {Name: "a"}, 2: {Name: "b"}}, []pipeline.ReasonInfo{{Name: "a"}, {Name: "b"}}
	metrics := []pipeline.MetricInfo{{Name: "n", Doc: "a figure"}}
	for _, tc := range []struct{ got, want pipeline.Plugin }{
		{
			pipeline.NewSource(pipeline.SourcePlugin[struct{}]{Type: "in", Summary: "reads", Metrics: metrics, Lossless: true}),
			pipeline.Plugin{Kind: pipeline.KindSource, Type: "in", Summary: "reads", Metrics: metrics, Lossless: true},
		},
		{
			pipeline.NewFilter(pipeline.FilterPlugin[struct{}]{Type: "f", Summary: "drops", Reasons: reasons, Metrics: metrics}),
			pipeline.Plugin{Kind: pipeline.KindFilter, Type: "f", Summary: "drops", Reasons: infos, Metrics: metrics},
		},
		{
			pipeline.NewSink(pipeline.SinkPlugin[struct{}]{Type: "out", Summary: "sends", Reasons: reasons, Metrics: metrics, Reach: pipeline.ReachHost, Allocates: true}),
			pipeline.Plugin{Kind: pipeline.KindSink, Type: "out", Summary: "sends", Reasons: infos, Metrics: metrics, Reach: pipeline.ReachHost, Allocates: true},
		},
	} {
		if diff := cmp.Diff(tc.want, tc.got, cmpopts.IgnoreUnexported(pipeline.Plugin{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.want.Type, diff)
		}
	}
	for kind, want := range map[pipeline.Kind]string{pipeline.KindSource: "source", pipeline.KindFilter: "filter", pipeline.KindSink: "sink", 7: "kind(7)"} {
		if got := kind.String(); got != want {
			t.Errorf("kind %d is %q, want %q", kind, got, want)
		}
	}
}

// TestReasonsWithAGap declares reasons that would leave the counters without a name.
func TestReasonsWithAGap(t *testing.T) {
	for want, reasons := range map[string]pipeline.Reasons{
		"plugin f has 2 reasons, and none of them is 2": {1: {Name: "a"}, 3: {Name: "b"}},
		"plugin f has 1 reasons, and none of them is 1": {pipeline.Pass: {Name: "a"}},
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %s", got, want)
				}
			}()
			pipeline.NewFilter(pipeline.FilterPlugin[struct{}]{Type: "f", Reasons: reasons})
		}()
	}
}
