package cmd_test

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/filters/sane"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// BenchmarkFlood measures a packet of a flood of forged messages, a million a second, in the
// recommended configuration: its first stages, one more each time, and all of them.
func BenchmarkFlood(b *testing.B) {
	f, err := config.Load(b.Context(), []string{"../configs/recommended.yaml"}, cmd.Plugins())
	if err != nil {
		b.Fatal(err)
	}
	spec := f.Specs()[0]
	packets := forged(1 << 19)
	for _, s := range spec.Filters {
		if checks, ok := s.Settings.(*sane.Settings); ok {
			checks.Interface = "lo" // here, too
		}
	}
	for i, s := range spec.Filters {
		b.Run("to "+s.Plugin.Type, func(b *testing.B) { decide(b, packets, spec.Filters[:i+1]) })
	}
	total := len(spec.Filters) - 1
	for _, s := range spec.Filters[:total] {
		b.Run(s.Plugin.Type+" and total", func(b *testing.B) {
			decide(b, packets, []pipeline.Stage{s, spec.Filters[total]})
		})
	}
}

// forged returns messages as a flood has them, more than any filter remembers.
func forged(n int) []pipeline.Packet {
	random := rand.New(rand.NewPCG(1, 1))
	frames := [][]byte{
		flood.Forger{Target: netip.MustParseAddrPort("192.0.2.1:443")}.Frames(1)[0],
		flood.Forger{Target: netip.MustParseAddrPort("[2001:db8::1]:443")}.Frames(1)[0],
	}
	ring := make([]byte, 0, n*(len(frames[0])+len(frames[1]))/2)
	packets := make([]pipeline.Packet, n)
	for i := range packets {
		frame := frames[i%len(frames)]
		flood.ForgeBy(random.Uint64, frame)
		begin := len(ring)
		ring = append(ring, frame...)
		packets[i] = pipeline.Packet{Data: ring[begin:], Length: len(frame), LinkType: linklayer.Ethernet}
	}
	return packets
}

// decide delivers packets, again and again, to a pipeline of these filters.
func decide(b *testing.B, packets []pipeline.Packet, filters []pipeline.Stage) {
	const batchLen = 64
	source := pipeline.NewSource(pipeline.SourcePlugin[struct{}]{Type: "memory", New: func(struct{}, pipeline.Env) (pipeline.Source, error) {
		return memorySource{run: func(deliver func([]pipeline.Packet)) {
			batch := make([]pipeline.Packet, batchLen)
			now, next := pipelinetest.Begin, 0
			some := func() {
				for i := range batch {
					now += 1000
					p := &packets[next+i]
					batch[i] = pipeline.Packet{Data: p.Data, Length: p.Length, LinkType: p.LinkType, Time: now}
				}
				deliver(batch)
				next = (next + batchLen) % len(packets)
			}
			for range len(packets) / batchLen {
				some()
			}
			b.ReportAllocs()
			begin := cpuTime(b)
			for n := 0; b.Loop(); n++ {
				if n%batchLen == 0 {
					some()
				}
			}
			b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
		}}, nil
	}})
	sink := pipeline.NewSink(pipeline.SinkPlugin[struct{}]{Type: "nowhere", New: func(struct{}, pipeline.Env) (pipeline.Sink, error) {
		return nowhere{}, nil
	}})
	p, err := pipeline.New(pipeline.Spec{
		Name:    "flooded",
		Sources: []pipeline.Stage{{Plugin: source}},
		Filters: filters,
		Sinks:   []pipeline.SinkStage{{Stage: pipeline.Stage{Plugin: sink}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := p.Run(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
}

// cpuTime returns what the process has used, since others may work on the machine.
func cpuTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// memorySource is a source whose packets are in memory.
type memorySource struct {
	run func(deliver func([]pipeline.Packet))
}

func (memorySource) Open(context.Context) error { return nil }

func (s memorySource) Run(_ context.Context, deliver func([]pipeline.Packet)) error {
	s.run(deliver)
	return nil
}

func (memorySource) Close() error { return nil }

type nowhere struct{}

func (nowhere) Open(context.Context) error                    { return nil }
func (nowhere) Deliver([]*pipeline.Packet, []pipeline.Reason) {}
func (nowhere) Flush()                                        {}
func (nowhere) Close() error                                  { return nil }
