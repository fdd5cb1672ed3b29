package pipelinetest

import (
	"runtime/debug"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// watch asks a stage for its metrics and its health while it works, as a monitor does, until
// the returned function is called. Under -race that finds what the stage does not guard.
func watch(t *testing.T, plugin pipeline.Plugin, stage any) (stop func()) {
	w := watcher{t: t, plugin: plugin, done: make(chan struct{}), ended: make(chan struct{})}
	w.measurer, _ = stage.(pipeline.Measurer)
	w.complainer, _ = stage.(pipeline.HealthChecker)
	if w.measurer == nil && w.complainer == nil {
		return func() {}
	}
	go w.run()
	return func() {
		close(w.done)
		<-w.ended
	}
}

type watcher struct {
	t           *testing.T
	plugin      pipeline.Plugin
	measurer    pipeline.Measurer
	complainer  pipeline.HealthChecker
	done, ended chan struct{}
}

func (w *watcher) run() {
	defer close(w.ended)
	defer func() {
		if v := recover(); v != nil {
			w.t.Errorf("panic when asked for metrics or health: %v\n%s", v, debug.Stack())
		}
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if w.measurer != nil {
			w.measurer.Measure(w.checkValue)
		}
		if w.complainer != nil {
			_ = w.complainer.Health() // what is wrong in a test's surroundings is not known here
		}
		select {
		case <-w.done:
			return
		case <-tick.C:
		}
	}
}

func (w *watcher) checkValue(metric int, label string, _ float64) {
	switch metrics := w.plugin.Metrics; {
	case metric < 0 || metric >= len(metrics):
		w.t.Errorf("metric %d is not declared", metric)
	case (label == "") != (metrics[metric].Label == ""):
		w.t.Errorf("metric %s has the label %q, which is declared as %q", metrics[metric].Name, label, metrics[metric].Label)
	}
}
