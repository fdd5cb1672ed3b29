package srcrate_test

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/pmtud/pmtud/filters/srcrate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestForgedSources floods the filter for a minute of packet time from a million
// forged sources, many more than it remembers, while one genuine source keeps to
// its rate: that one loses nothing, and no memory is used.
func TestForgedSources(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	const (
		sources = 1_000_000
		pace    = pipeline.Instant(40 * time.Microsecond) // 25,000 packets a second
		minute  = pipeline.Instant(time.Minute)
		second  = pipeline.Instant(time.Second)
	)
	plugin := srcrate.Plugin()
	built, err := plugin.Build(plugin.NewSettings(), pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	filter := built.(pipeline.Limiter)
	ask := func(p *pipeline.Packet, at pipeline.Instant) bool {
		p.Time, p.Clock = at, at
		if filter.Filter(p) != pipeline.Pass {
			return false
		}
		filter.Charge(p)
		return true
	}
	genuine, forged := pipelinetest.PTB{}.Packet(0), pipelinetest.PTB{Router: netip.MustParseAddr("10.0.0.0")}.Packet(0)
	genuine.Decode()
	forged.Decode()
	source := forged.Data[forged.Network+12:]

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n := uint32(0)
	for at := pipeline.Instant(0); at < minute; at += pace {
		if at%second == 0 && !ask(&genuine, at) {
			t.Errorf("genuine source was refused at %v", time.Duration(at))
		}
		binary.BigEndian.PutUint32(source, 10<<24|n%sources)
		ask(&forged, at)
		n++
	}
	runtime.ReadMemStats(&after)
	if grown := after.Mallocs - before.Mallocs; grown > 100 {
		t.Errorf("%d allocations for %d packets", grown, n)
	}
}
