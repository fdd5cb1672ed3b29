package pcapfile_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/sinks/pcapfile"
)

func TestPlugin(t *testing.T) {
	for _, name := range []string{"a.pcap", "a.pcapng"} {
		t.Run(name, func(t *testing.T) {
			s := settings(filepath.Join(t.TempDir(), name))
			s.MaxSize, s.MaxAge, s.Keep = 64<<10, time.Second, 3
			pipelinetest.TestSink(t, pcapfile.Plugin(), &s)
		})
	}
}

func BenchmarkDeliver(b *testing.B) {
	for _, name := range []string{"a.pcap", "a.pcapng"} {
		b.Run(name, func(b *testing.B) {
			s := settings(filepath.Join(b.TempDir(), name))
			s.MaxSize, s.Keep = 64<<20, 1
			sink := newSink(b, s)
			defer closeSink(b, sink)
			batch := make([]*pipeline.Packet, 256)
			for i := range batch {
				p := pipelinetest.PTB{}.Packet(start)
				batch[i] = &p
			}
			failed := make([]pipeline.Reason, len(batch))
			b.ReportAllocs()
			for b.Loop() {
				sink.Deliver(batch, failed)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(batch)), "ns/packet")
		})
	}
}
