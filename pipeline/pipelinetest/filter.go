package pipelinetest

import (
	"bytes"
	"context"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

// TestFilter checks that a filter keeps to the contract of [pipeline.Filter]. The
// settings are a pointer as [pipeline.Plugin.NewSettings] returns it; nil stands
// for the defaults.
func TestFilter(t *testing.T, plugin pipeline.Plugin, settings any) {
	if settings == nil {
		settings = plugin.NewSettings()
	}
	f := filterTest{plugin, settings}
	t.Run("declaration", func(t *testing.T) { testDeclaration(t, plugin, pipeline.KindFilter) })
	t.Run("hostile packets", f.testHostile)
	t.Run("borrowed octets", f.testBorrowed)
	t.Run("allocations", f.testAllocations)
	t.Run("kernel filter", f.testKernelFilter)
}

type filterTest struct {
	plugin   pipeline.Plugin
	settings any
}

func (f filterTest) open(t *testing.T) pipeline.Filter {
	t.Helper()
	filter := buildStage[pipeline.Filter](t, f.plugin, f.settings, Env(t))
	if o, ok := filter.(pipeline.Opener); ok {
		before := openFiles()
		if err := o.Open(t.Context()); err != nil {
			t.Fatalf("open: %v", err)
		}
		t.Cleanup(func() {
			if err := o.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			if after := openFiles(); after > before {
				t.Errorf("files left open: %d before, %d after", before, after)
			}
		})
	}
	return filter
}

func (f filterTest) testHostile(t *testing.T) {
	filter := f.open(t)
	for i, p := range Packets() {
		before := bytes.Clone(p.Data)
		length, stamp, link := p.Length, p.Time, p.LinkType
		r := decide(filter, &p)
		if int(r) > len(f.plugin.Reasons) {
			t.Fatalf("packet %d: reason %d is not declared", i, r)
		}
		if !bytes.Equal(before, p.Data) || p.Length != length || p.Time != stamp || p.LinkType != link {
			t.Fatalf("packet %d was changed", i)
		}
	}
}

// testBorrowed compares the decisions about packets that stay with those about
// packets that are overwritten after each call, by two instances of the filter.
func (f filterTest) testBorrowed(t *testing.T) {
	stable, lent := f.open(t), f.open(t)
	buf := make([]byte, 1<<16)
	for i, p := range Packets() {
		want := decide(stable, &p)
		q := p
		q.Data = buf[:copy(buf, p.Data)]
		if got := decide(lent, &q); got != want {
			t.Fatalf("packet %d: reason %d, but %d where buffers are used again", i, want, got)
		}
		for i := range q.Data {
			q.Data[i] = 0xa5
		}
	}
}

func (f filterTest) testAllocations(t *testing.T) {
	filter := f.open(t)
	packets := Packets()
	if allocs := testing.AllocsPerRun(3, func() {
		for i := range packets {
			decide(filter, &packets[i])
		}
	}); allocs != 0 {
		t.Errorf("%v allocations for %d packets", allocs, len(packets))
	}
}

// decide does what the engine does with one packet and one filter.
func decide(f pipeline.Filter, p *pipeline.Packet) pipeline.Reason {
	p.Decode()
	p.Clock = p.Time
	r := f.Filter(p)
	if l, ok := f.(pipeline.Limiter); ok && r == pipeline.Pass {
		l.Charge(p)
	}
	return r
}

// Env returns an environment for a stage under test.
func Env(t testing.TB) pipeline.Env {
	return pipeline.Env{
		Pipeline: "test", Stage: t.Name(), Log: discard,
		Stdin: bytes.NewReader(nil), Stdout: new(bytes.Buffer),
	}
}

// Run runs a pipeline from Open to Close and returns its books.
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
