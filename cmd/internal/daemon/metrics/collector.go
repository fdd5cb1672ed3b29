package metrics

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/pmtud/pmtud/cmd/internal/daemon/health"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/pipeline"
)

// answerTimeout is how long a scrape waits for pipelines. One that has not answered by
// then is left out.
const answerTimeout = 2 * time.Second

// Build describes the build of the program.
type Build struct {
	Version   string
	GoVersion string
}

// NewRegistry returns all metrics of the program: those of the service, whose status
// they are read from at each scrape, of the plugins that it may run, of Go's runtime
// and of the process. It fails if two plugins claim the same name.
func NewRegistry(build Build, plugins []pipeline.Plugin, status func() service.Status) (*prometheus.Registry, error) {
	r := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{
		newCollector(build, plugins, status),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return r, nil
}

// collector reads the status of a service for Prometheus.
type collector struct {
	status      func() service.Status
	snapshotter service.Snapshotter
	families    []family
	metrics     map[string]described // by name, of plugins too
	order       []*prometheus.Desc
}

func newCollector(build Build, plugins []pipeline.Plugin, status func() service.Status) *collector {
	c := &collector{status: status, families: families(build), metrics: map[string]described{}}
	for _, info := range List(plugins) {
		d := describe(info)
		c.metrics[info.Name] = d
		c.order = append(c.order, d.desc)
	}
	return c
}

// Describe is [prometheus.Collector].
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range c.order {
		descs <- d
	}
}

// Collect is [prometheus.Collector].
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	s := c.snapshot()
	for _, f := range c.families {
		d := c.metrics[f.info.Name]
		f.read(s, func(v value, labels ...string) { metrics <- d.metric(v, labels...) })
	}
	for _, p := range s.status.Pipelines {
		p.Pipeline.Measure(func(m pipeline.Measurement) {
			d := c.metrics[pluginInfo(m.Kind, m.Plugin, m.Metric).Name]
			metrics <- d.metric(value{number: m.Value}, pluginLabels(p.Name, m)...)
		})
	}
}

func (c *collector) snapshot() *snapshot {
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	s := &snapshot{status: c.status()}
	s.findings = health.Judge(s.status)
	var pipelines []*pipeline.Pipeline
	for _, p := range s.status.Pipelines {
		pipelines = append(pipelines, p.Pipeline)
	}
	for _, a := range c.snapshotter.Snapshots(ctx, pipelines) {
		if a.OK {
			s.counters = append(s.counters, a.Counters)
		}
	}
	return s
}
