package pipeline_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/pmtud/pmtud/filters/dedup"
	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/filters/length"
	"github.com/pmtud/pmtud/filters/mtu"
	"github.com/pmtud/pmtud/filters/portlist"
	"github.com/pmtud/pmtud/filters/sourcelist"
	"github.com/pmtud/pmtud/filters/srcrate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/prefixset"
)

func stage(p pipeline.Plugin, settings any) pipeline.Stage {
	return pipeline.Stage{Plugin: p, Settings: settings}
}

// compat is the chain of the original daemon with a port list. Both rates are the
// same number of packets per second.
func compat(rate float64) []pipeline.Stage {
	bySource := srcrate.Plugin().NewSettings().(*srcrate.Settings)
	total := ifacerate.Plugin().NewSettings().(*ifacerate.Settings)
	bySource.Rate, total.Rate = rate, rate
	return []pipeline.Stage{
		stage(icmpptb.Plugin(), nil),
		stage(length.Plugin(), nil),
		stage(mtu.Plugin(), nil),
		stage(portlist.Plugin(), &portlist.Settings{Ports: []portlist.Range{{First: 80, Last: 80}, {First: 443, Last: 443}}}),
		stage(srcrate.Plugin(), bySource),
		stage(ifacerate.Plugin(), total),
	}
}

// flood returns n messages of so many routers.
func flood(n, routers int) []pipeline.Packet {
	packets := make([]pipeline.Packet, n)
	for i := range packets {
		router := netip.AddrFrom4([4]byte{203, 0, byte(i % routers >> 8), byte(i % routers)})
		packets[i] = pipelinetest.PTB{Router: router}.Packet(pipelinetest.Begin + pipeline.Instant(i)*1000)
	}
	return packets
}

func BenchmarkDecode(b *testing.B) {
	for _, bc := range []struct {
		name    string
		message pipelinetest.PTB
	}{
		{"IPv4", pipelinetest.PTB{}},
		{"IPv6", pipelinetest.PTB{Router: router6}},
		{"VLAN", pipelinetest.PTB{VLAN: 7}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			p := bc.message.Packet(pipelinetest.Begin)
			b.ReportAllocs()
			for b.Loop() {
				p.Decode()
			}
		})
	}
	b.Run("with quoted packet", func(b *testing.B) {
		p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
		b.ReportAllocs()
		for b.Loop() {
			p.Decode()
			p.Quoted()
		}
	})
}

func BenchmarkFilters(b *testing.B) {
	prefixes := make([]prefixset.Prefix, 3)
	for i, text := range []string{"203.0.0.0/16", "198.51.100.0/24", "2001:db8::/32"} {
		if err := prefixes[i].UnmarshalText([]byte(text)); err != nil {
			b.Fatal(err)
		}
	}
	stages := append(compat(1), stage(dedup.Plugin(), nil), stage(sourcelist.Plugin(), &sourcelist.Settings{Allow: prefixes}))
	packets := flood(1024, 1000)
	for i := range packets {
		packets[i].Decode()
		packets[i].Clock = packets[i].Time
	}
	for _, s := range stages {
		b.Run(s.Plugin.Type, func(b *testing.B) {
			settings := s.Settings
			if settings == nil {
				settings = s.Plugin.NewSettings()
			}
			built, err := s.Plugin.Build(settings, pipelinetest.Env(b))
			if err != nil {
				b.Fatal(err)
			}
			f := built.(pipeline.Filter)
			limiter, limits := f.(pipeline.Limiter)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				p := &packets[i&1023]
				if f.Filter(p) == pipeline.Pass && limits {
					limiter.Charge(p)
				}
				i++
			}
		})
	}
}

// BenchmarkPipeline measures what a packet costs between a source's delivery and
// the return of it, in a pipeline that runs with one sink.
func BenchmarkPipeline(b *testing.B) {
	for _, bc := range []struct {
		name    string
		packets []pipeline.Packet
		filters []pipeline.Stage
	}{
		{"rejected flood of one router", flood(1024, 1), compat(1)},
		{"rejected flood of 1000 routers", flood(1024, 1000), compat(1)},
		{"forwarded", flood(1024, 1000), compat(1e9)},
		{"no filters", flood(1024, 1000), nil},
	} {
		b.Run(bc.name, func(b *testing.B) {
			src := source{run: func(_ context.Context, deliver func([]pipeline.Packet)) error {
				b.ReportAllocs()
				deliver(bc.packets) // fills the tables and queues
				for n := 0; b.Loop(); n++ {
					if n%256 == 0 {
						from := n % 1024
						deliver(bc.packets[from : from+256])
					}
				}
				return nil
			}}
			p, err := pipeline.New(pipeline.Spec{
				Sources: []pipeline.Stage{live("memory", src)},
				Filters: bc.filters,
				Sinks:   []pipeline.SinkStage{sinkStage("out", sink{})},
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
		})
	}
}
