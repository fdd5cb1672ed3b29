package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"github.com/pmtud/pmtud/cmd/internal/daemon/metrics"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/cmd/internal/daemon/servicetest"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// gauged is a sink and a filter with metrics of its own.
type gauged struct{ servicetest.Sink }

func (gauged) Filter(*pipeline.Packet) pipeline.Reason { return pipeline.Pass }

func (gauged) Measure(emit func(metric int, label string, value float64)) {
	emit(0, "", 7)
	emit(1, "left", 1)
	emit(1, "right", 2)
	emit(2, "", 99) // not declared
}

func ownMetrics() []pipeline.MetricInfo {
	return []pipeline.MetricInfo{
		{Name: "entries", Doc: "how many there are"},
		{Name: "turns_total", Doc: "how often it was turned", Label: "hand"},
	}
}

func gaugedFilter() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[struct{}]{
		Type: "own-metrics", Metrics: ownMetrics(),
		New: func(struct{}, pipeline.Env) (pipeline.Filter, error) { return gauged{}, nil },
	})
}

func gaugedSink() pipeline.Plugin {
	return pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
		Type: "own-metrics", Metrics: ownMetrics(),
		New: func(struct{}, pipeline.Env) (pipeline.Sink, error) { return gauged{}, nil },
	})
}

// status is what a service would tell that has run one pipeline for a while: three
// messages, one refused by the pipeline and one by the second sink's filter.
func status(t *testing.T) service.Status {
	t.Helper()
	packets := []pipeline.Packet{
		pipelinetest.PTB{MTU: 1280}.Packet(pipelinetest.Begin), pipelinetest.PTB{MTU: 1400}.Packet(pipelinetest.Begin),
		pipelinetest.PTB{MTU: 9999}.Packet(pipelinetest.Begin),
	}
	not := func(refused uint32) servicetest.Filter {
		return func(p *pipeline.Packet) pipeline.Reason {
			if mtu, _ := p.MTU(); mtu == refused {
				return 1
			}
			return pipeline.Pass
		}
	}
	p := servicetest.Start(t, pipeline.Spec{
		Name: "edge", Sources: []pipeline.Stage{(&servicetest.Source{Batch: packets}).Stage("in")},
		Filters: []pipeline.Stage{not(9999).Stage("low"), {Plugin: gaugedFilter()}},
		Sinks: []pipeline.SinkStage{
			{Stage: pipeline.Stage{Name: "out", Plugin: gaugedSink()}},
			servicetest.Sink{}.Stage("second", not(1400).Stage("lower"), pipeline.Stage{Name: "inner", Plugin: gaugedFilter()}),
		},
	})
	for delivered := uint64(0); delivered < 3; time.Sleep(time.Millisecond) {
		c := p.Pipeline.Counters()
		delivered = c.Sinks[0].Delivered + c.Sinks[1].Delivered
	}
	p.Since = time.Unix(1700000000, 0)
	return service.Status{
		Pipelines: []service.PipelineStatus{p},
		Reload:    service.ReloadStatus{Hash: "abc", Good: true, At: time.Unix(1700000001, 500e6), Attempts: 5, Failures: 2},
	}
}

func registry(t *testing.T, status func() service.Status, plugins ...pipeline.Plugin) *prometheus.Registry {
	t.Helper()
	r, err := metrics.NewRegistry(metrics.Build{Version: "v1.2.3", GoVersion: "go1"}, plugins, status)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestValues compares all that is said of a service with testdata/edge.prom.
func TestValues(t *testing.T) {
	s := status(t)
	got := text(t, registry(t, func() service.Status { return s }, gaugedFilter(), gaugedSink()))
	goldentest.Compare(t, "testdata/edge.prom", got)
}

// text returns the metrics of the service as Prometheus reads them, but for how old
// the test's packets were when they were delivered.
func text(t *testing.T, g prometheus.Gatherer) string {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var all, text strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&all, f); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(all.String()) {
		if strings.Contains(line, "pmtud_") && !strings.HasPrefix(line, "pmtud_sink_delay_seconds_sum") {
			text.WriteString(line)
		}
	}
	return text.String()
}

func TestStyle(t *testing.T) {
	s := status(t)
	problems, err := testutil.GatherAndLint(registry(t, func() service.Status { return s }, gaugedFilter(), gaugedSink()))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestPipelineThatHangs is left out of a scrape, and the others are not.
func TestPipelineThatHangs(t *testing.T) {
	hanging, release := make(chan struct{}), make(chan struct{})
	hangs := servicetest.Filter(func(*pipeline.Packet) pipeline.Reason {
		close(hanging)
		<-release
		return pipeline.Pass
	})
	s := status(t)
	s.Pipelines = append(s.Pipelines, servicetest.Start(t, pipeline.Spec{
		Name: "hangs", Filters: []pipeline.Stage{hangs.Stage("f")},
		Sources: []pipeline.Stage{(&servicetest.Source{Batch: make([]pipeline.Packet, 1)}).Stage("in")},
	}))
	<-hanging
	r := registry(t, func() service.Status { return s }, gaugedFilter(), gaugedSink())
	received := func() (names []string) {
		for line := range strings.Lines(text(t, r)) {
			if name, ok := strings.CutPrefix(line, "pmtud_received_packets_total"); ok {
				names = append(names, strings.TrimSpace(name))
			}
		}
		return names
	}
	edge, other := `{pipeline="edge",source="in"} 3`, `{pipeline="hangs",source="in"} 1`
	if diff := cmp.Diff([]string{edge}, received()); diff != "" {
		t.Errorf("while it hangs (-want +got):\n%s", diff)
	}
	close(release)
	if diff := cmp.Diff([]string{edge, other}, received()); diff != "" {
		t.Errorf("after that (-want +got):\n%s", diff)
	}
}

// TestNamesThatClash has a plugin whose metric would be one of the program's own.
func TestNamesThatClash(t *testing.T) {
	plugin := pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
		Type: "queue", Metrics: []pipeline.MetricInfo{{Name: "packets", Doc: "another thing"}},
	})
	_, err := metrics.NewRegistry(metrics.Build{}, []pipeline.Plugin{plugin}, nil)
	if err == nil || !strings.Contains(err.Error(), "pmtud_sink_queue_packets") {
		t.Errorf("error %v", err)
	}
}
