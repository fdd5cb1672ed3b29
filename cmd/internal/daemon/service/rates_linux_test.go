package service_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/pipeline"
)

// received returns the messages that have come and were not read, without waiting: to
// wait for a socket is nothing that a bubble knows.
func (m *manager) received() (all []string) {
	m.t.Helper()
	raw, err := m.SyscallConn()
	if err != nil {
		m.t.Fatal(err)
	}
	text := make([]byte, 4096)
	err = raw.Control(func(fd uintptr) {
		for {
			n, _, err := syscall.Recvfrom(int(fd), text, syscall.MSG_DONTWAIT)
			if err != nil {
				return
			}
			all = append(all, string(text[:n]))
		}
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return all
}

// bursts is a source that delivers so many packets in each second, of which half are
// shorter than what short lets pass.
type bursts []int

func (bursts) Open(context.Context) error { return nil }
func (bursts) Close() error               { return nil }

func (b bursts) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	for _, n := range b {
		for i := range n {
			deliver([]pipeline.Packet{{Time: 1, Data: make([]byte, i%2), Length: i % 2}})
		}
		time.Sleep(time.Second)
	}
	<-ctx.Done()
	return nil
}

// short lets empty packets pass.
type short struct{}

func (short) Filter(p *pipeline.Packet) pipeline.Reason {
	if len(p.Data) > 0 {
		return 1
	}
	return pipeline.Pass
}

func bursting(name string, b bursts) service.Wanted {
	in := pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
		Type: "in", New: func(struct{}, pipeline.Env) (pipeline.Source, error) { return b, nil },
	})
	filter := pipeline.NewFilter(pipeline.FilterPlugin[struct{}]{
		Type: "short", Reasons: pipeline.Reasons{1: {Name: "long", Doc: "it is not empty"}},
		New: func(struct{}, pipeline.Env) (pipeline.Filter, error) { return short{}, nil },
	})
	return service.Wanted{Name: name, Build: func() (*pipeline.Pipeline, error) {
		return pipeline.New(pipeline.Spec{
			Name: name, Sources: []pipeline.Stage{{Plugin: in}}, Filters: []pipeline.Stage{{Plugin: filter}},
		})
	}}
}

// TestRates has the service manager told of packets that come in bursts: rates are those
// since it was last told.
func TestRates(t *testing.T) {
	m, notifier := newManager(t)
	synctest.Test(t, func(t *testing.T) {
		c := service.Configuration{Pipelines: []service.Wanted{
			bursting("a", bursts{0: 40, 1: 60, 7: 20}), bursting("b", bursts{2: 10, 12: 0}),
		}}
		stop := serve(t, service.Options{Notifier: notifier}, c)
		time.Sleep(16*time.Second - 1)
		synctest.Wait()
		if err := stop(); err != nil {
			t.Error(err)
		}
		want := []string{
			"READY=1\nSTATUS=ready, pipelines: 2",
			"STATUS=a: 20.0/s received, 10.0/s forwarded; b: 2.0/s received, 1.0/s forwarded",
			"STATUS=a: 4.0/s received, 2.0/s forwarded; b: 0.0/s received, 0.0/s forwarded",
			"STATUS=a: 0.0/s received, 0.0/s forwarded; b: 0.0/s received, 0.0/s forwarded",
			"STOPPING=1\nSTATUS=stopping",
		}
		if diff := cmp.Diff(want, m.received()); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	})
}

// TestManyPipelines has more of them than the service manager is told of one by one.
func TestManyPipelines(t *testing.T) {
	for n, more := range map[int]string{8: "", 9: "; and 1 more", 11: "; and 3 more"} {
		m, notifier := newManager(t)
		synctest.Test(t, func(t *testing.T) {
			var c service.Configuration
			var want []string
			for i := range n {
				c.Pipelines = append(c.Pipelines, bursting(fmt.Sprint("p", i), nil))
				if i < 8 {
					want = append(want, fmt.Sprintf("p%d: 0.0/s received, 0.0/s forwarded", i))
				}
			}
			stop := serve(t, service.Options{Notifier: notifier}, c)
			time.Sleep(6 * time.Second)
			synctest.Wait()
			if err := stop(); err != nil {
				t.Error(err)
			}
			text := fmt.Sprintf("READY=1\nSTATUS=ready, pipelines: %d", n)
			all := []string{text, "STATUS=" + strings.Join(want, "; ") + more, "STOPPING=1\nSTATUS=stopping"}
			if diff := cmp.Diff(all, m.received()); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPatienceAtTheEnd has a source that does not end and is left behind: the service manager is
// asked for more time, and the service fails.
func TestPatienceAtTheEnd(t *testing.T) {
	m, notifier := newManager(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.configuration(declared{{"a", stage{}}, {"b", stage{HangRun: true}}})
		stop := serve(t, service.Options{Notifier: notifier}, c)
		synctest.Wait()
		began := time.Now()
		if err := stop(); !errors.Is(err, service.ErrFailed) || err.Error() != "pipeline b: failed" {
			t.Errorf("result %v", err)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		want := []string{
			"READY=1\nSTATUS=ready, pipelines: 2", "STOPPING=1\nSTATUS=stopping", "EXTEND_TIMEOUT_USEC=20000000",
		}
		got := m.received()
		if diff := cmp.Diff(want, got[:min(len(got), 3)]); diff != "" { // whether it asks at the very end is chance
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	})
}
