package pipelinetest

import (
	"bytes"
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/seen"
)

// TestFilter checks that a filter keeps to the contract of [pipeline.Filter]. The
// settings are a pointer as [pipeline.Plugin.NewSettings] returns it; nil stands
// for the defaults.
func TestFilter(t *testing.T, plugin pipeline.Plugin, settings any) {
	f := filterTest{plugin, settings}
	t.Run("declaration", func(t *testing.T) { testDeclaration(t, plugin, pipeline.KindFilter) })
	t.Run("needs", func(t *testing.T) { testNeeds(t, f.build(t)) })
	t.Run("hostile packets", f.testHostile)
	t.Run("borrowed bytes", f.testBorrowed)
	t.Run("allocations", f.testAllocations)
	t.Run("explanation", f.testExplanation)
	t.Run("kernel filter", f.testKernelFilter)
	t.Run("limiter", f.testLimiter)
	t.Run("gatekeeper", f.testGatekeeper)
	t.Run("total", f.testTotal)
	t.Run("leaks", f.testLeaks)
}

type filterTest struct {
	plugin   pipeline.Plugin
	settings any
}

func (f filterTest) open(t *testing.T) pipeline.Filter {
	t.Helper()
	filter := f.build(t)
	f.openIt(t, filter)
	return filter
}

func (f filterTest) build(t *testing.T) pipeline.Filter {
	t.Helper()
	return buildStage[pipeline.Filter](t, f.plugin, f.settings, Env(t))
}

// openIt opens a filter that is an [pipeline.Opener], and closes it at the end of the test.
func (f filterTest) openIt(t *testing.T, filter pipeline.Filter) {
	t.Helper()
	if o, ok := filter.(pipeline.Opener); ok {
		before := openFiles()
		if err := o.Open(t.Context()); err != nil {
			t.Fatalf("open: %v", err)
		}
		t.Cleanup(func() {
			if err := o.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			if after := stillOpen(before); after > before {
				t.Errorf("files left open: %d before, %d after", before, after)
			}
		})
	}
}

// testHostile asks the filter for its metrics and its health meanwhile.
func (f filterTest) testHostile(t *testing.T) {
	filter := f.build(t)
	t.Cleanup(watch(t, f.plugin, filter)) // after it was closed
	f.openIt(t, filter)
	for i, p := range Packets() {
		prepare(&p)
		before := snapshot(&p)
		r := Decide(filter, &p)
		if int(r) > len(f.plugin.Reasons) {
			t.Fatalf("packet %d: reason %d is not declared", i, r)
		}
		before.ReadPort = p.ReadPort
		if !reflect.DeepEqual(before, snapshot(&p)) {
			t.Fatalf("packet %d was changed", i)
		}
	}
}

// snapshot returns a copy of p with bytes of its own.
func snapshot(p *pipeline.Packet) pipeline.Packet {
	q := *p
	q.Data = bytes.Clone(p.Data)
	return q
}

// testBorrowed compares the decisions about packets that stay with those about
// packets that are taken back after each call, by two instances of the filter.
func (f filterTest) testBorrowed(t *testing.T) {
	stable, borrowing := f.open(t), f.open(t)
	lender := newLender(t, 4096)
	defer catchUse(t)()
	for i, p := range Packets() {
		want := Decide(stable, &p)
		lender.lend(t, &p)
		if got := Decide(borrowing, &p); got != want {
			t.Fatalf("packet %d: reason %d, but %d where buffers are used again", i, want, got)
		}
		lender.takeBack(t)
	}
}

// testAllocations has time go on from round to round: before the time of its last
// charge, a limiter would let nothing pass, and not be charged.
func (f filterTest) testAllocations(t *testing.T) {
	filter := f.open(t)
	packets := Packets()
	round := packets[len(packets)-1].Time - Begin + 1
	if allocs := testing.AllocsPerRun(3, func() {
		for i := range packets {
			Decide(filter, &packets[i])
			packets[i].Time += round
		}
	}); allocs != 0 {
		t.Errorf("%v allocations for %d packets", allocs, len(packets))
	}
}

// testExplanation checks that a filter decides alike whether it was asked for an
// explanation before or not.
func (f filterTest) testExplanation(t *testing.T) {
	silent, explaining := f.open(t), f.open(t)
	e, ok := explaining.(pipeline.Explainer)
	if !ok {
		t.Skip("the filter explains nothing")
	}
	for i, p := range Packets() {
		prepare(&p)
		before := snapshot(&p)
		if text := e.Explain(&p); text == "" || strings.ContainsAny(text, "\n\r") {
			t.Fatalf("packet %d: explanation %q is not one line", i, text)
		}
		if !reflect.DeepEqual(before, snapshot(&p)) {
			t.Fatalf("packet %d was changed", i)
		}
		if got, want := Decide(explaining, &p), Decide(silent, &p); got != want {
			t.Fatalf("packet %d: reason %d, but %d after an explanation", i, want, got)
		}
	}
}

// testLimiter checks that a limiter takes nothing when it is asked: a packet that it lets
// pass, and for which it is not charged since another filter refuses it, costs nothing.
func (f filterTest) testLimiter(t *testing.T) {
	l, ok := f.open(t).(pipeline.Limiter)
	if !ok {
		t.Skip("the filter is no limiter")
	}
	for i, p := range Packets() {
		prepare(&p)
		if l.Filter(&p) != pipeline.Pass {
			continue
		}
		if r := l.Filter(&p); r != pipeline.Pass {
			t.Fatalf("packet %d: passes, and is refused with reason %d when the limiter is asked again, which was not charged for it", i, r)
		}
		l.Charge(&p)
	}
}

// testLeaks opens and closes several filters one after the other.
func (f filterTest) testLeaks(t *testing.T) {
	defer watchLeaks(t)()
	for range 5 {
		t.Run("open and close", func(t *testing.T) { f.open(t) })
	}
}

// Decide does what the engine does with one packet in a pipeline of one filter: it
// decodes p, with its time stamp for the clock, asks f and charges a limiter.
func Decide(f pipeline.Filter, p *pipeline.Packet) pipeline.Reason {
	prepare(p)
	r := f.Filter(p)
	if l, ok := f.(pipeline.Limiter); ok && r == pipeline.Pass {
		l.Charge(p)
	}
	return r
}

// prepare fills in what the engine fills in before it asks filters.
func prepare(p *pipeline.Packet) {
	p.Decode()
	p.Clock = p.Time
}

// Env returns an environment for a stage under test.
func Env(t testing.TB) pipeline.Env {
	return pipeline.Env{
		Pipeline: "test", Stage: t.Name(), Log: discard, Program: "test/1",
		Stdin: bytes.NewReader(nil), Stdout: new(bytes.Buffer),
		Arrived: seen.Recent(), Published: seen.Published(),
	}
}

// Run runs a pipeline from Open to Close and returns its counters.
func Run(ctx context.Context, spec pipeline.Spec) (pipeline.Counters, error) {
	p, err := pipeline.New(spec)
	if err != nil {
		return pipeline.Counters{}, err
	}
	if err := p.Open(ctx); err != nil {
		return p.Counters(), err
	}
	err = p.Run(ctx)
	if closeErr := p.Close(); err == nil {
		err = closeErr
	}
	return p.Counters(), err
}
