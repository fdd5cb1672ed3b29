package service_test

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/cmd/internal/daemon/servicetest"
	"github.com/pmtud/pmtud/pipeline"
)

// lossy is a source of packets with the lengths 0, 1, 2 and so on, those of an even
// length an hour old. It has lost some others.
type lossy struct {
	packets int
	lost    uint64
}

func (lossy) Open(context.Context) error { return nil }
func (lossy) Close() error               { return nil }
func (l lossy) Lost() uint64             { return l.lost }

func (l lossy) Run(_ context.Context, deliver func([]pipeline.Packet)) error {
	batch := make([]pipeline.Packet, l.packets)
	for i := range batch {
		age := time.Duration(1-i%2) * time.Hour
		batch[i] = pipeline.Packet{Data: make([]byte, i), Length: i, Time: pipeline.InstantOf(time.Now().Add(-age))}
	}
	deliver(batch)
	return nil
}

func (l lossy) stage(name string) pipeline.Stage {
	return pipeline.Stage{Name: name, Plugin: pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
		Type: "lossy", New: func(struct{}, pipeline.Env) (pipeline.Source, error) { return l, nil },
	})}
}

// within is a filter that refuses packets by their length: with the reason short below
// the first number, long from the second on.
type within [2]int

func (w within) Filter(p *pipeline.Packet) pipeline.Reason {
	switch {
	case p.Length < w[0]:
		return 1
	case p.Length >= w[1]:
		return 2
	}
	return pipeline.Pass
}

func (w within) stage(name string) pipeline.Stage {
	return pipeline.Stage{Name: name, Plugin: pipeline.NewFilter(pipeline.FilterPlugin[struct{}]{
		Type: "within", Reasons: pipeline.Reasons{1: {Name: "short", Doc: "too short"}, 2: {Name: "long", Doc: "too long"}},
		New: func(struct{}, pipeline.Env) (pipeline.Filter, error) { return w, nil },
	})}
}

// failing is a sink that fails as the packets' lengths say.
type failing struct{ servicetest.Sink }

func (failing) Deliver(batch []*pipeline.Packet, failed []pipeline.Reason) {
	for i, p := range batch {
		failed[i] = pipeline.Reason(p.Length % 4)
	}
}

func (f failing) stage(name string, filters ...pipeline.Stage) pipeline.SinkStage {
	reasons := pipeline.Reasons{1: {Name: "refused", Doc: "r"}, 2: {Name: "never", Doc: "n"}, 3: {Name: "broken", Doc: "b"}}
	return pipeline.SinkStage{Filters: filters, Stage: pipeline.Stage{
		Name: name, Plugin: pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
			Type: "failing", Reasons: reasons, New: func(struct{}, pipeline.Env) (pipeline.Sink, error) { return f, nil },
		}),
	}}
}

// TestFinalCounters checks that the log has every sum, and every reason that is not zero.
func TestFinalCounters(t *testing.T) {
	aging := servicetest.Sink{}.Stage("aging")
	aging.MaxAge = time.Minute
	spec := pipeline.Spec{
		Name: "p", Sources: []pipeline.Stage{lossy{10, 5}.stage("in"), lossy{0, 3}.stage("other")},
		Filters: []pipeline.Stage{within{3, 8}.stage("length")}, // 3 to 7 pass
		Sinks:   []pipeline.SinkStage{failing{}.stage("failing", within{4, 6}.stage("own")), aging, failing{}.stage("all")},
	}
	want := []string{
		`level=INFO msg="pipeline stopped" pipeline=p received=10 forwarded=5 dropped=5 lost=8`,
		`level=INFO msg=dropped pipeline=p stage=length reason=short packets=3`,
		`level=INFO msg=dropped pipeline=p stage=length reason=long packets=2`,
		`level=INFO msg="sink stopped" pipeline=p sink=failing offered=5 delivered=1 failed=1 shed=0 dropped=3`,
		`level=INFO msg=dropped pipeline=p sink=failing stage=own reason=short packets=1`,
		`level=INFO msg=dropped pipeline=p sink=failing stage=own reason=long packets=2`,
		`level=INFO msg=failed pipeline=p sink=failing reason=refused packets=1`,
		`level=INFO msg="sink stopped" pipeline=p sink=aging offered=5 delivered=3 failed=0 shed=2 dropped=0`,
		`level=INFO msg=shed pipeline=p sink=aging reason=too-old packets=2`,
		`level=INFO msg="sink stopped" pipeline=p sink=all offered=5 delivered=1 failed=4 shed=0 dropped=0`,
		`level=INFO msg=failed pipeline=p sink=all reason=refused packets=1`,
		`level=INFO msg=failed pipeline=p sink=all reason=never packets=1`,
		`level=INFO msg=failed pipeline=p sink=all reason=broken packets=2`,
	}
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := service.New(service.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		err := s.Run(t.Context(), service.Configuration{Pipelines: []service.Wanted{{
			Name: "p", Build: func() (*pipeline.Pipeline, error) { return pipeline.New(spec) },
		}}})
		if err != nil {
			t.Error(err)
		}
		text := regexp.MustCompile(`time=\S+ `).ReplaceAllString(log.String(), "")
		_, counters, _ := strings.Cut(text, "msg=ready")
		got := strings.Split(strings.TrimSpace(counters), "\n")[1:]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}
