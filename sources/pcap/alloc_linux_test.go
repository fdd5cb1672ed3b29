package pcap_test

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestRunAllocatesNothing captures packets of which two fill a block of the ring. Garbage for
// each block would have the collector run all through a flood.
func TestRunAllocatesNothing(t *testing.T) {
	defer func(rate int) { runtime.MemProfileRate = rate }(runtime.MemProfileRate)
	runtime.MemProfileRate = 1 // every allocation
	const packets = 2000
	lan := newLAN(t)
	var got atomic.Int64
	c := new(capture)
	c.log = new(logBuffer)
	c.run(t, lan.host, on(), nil, func(batch []pipeline.Packet) { got.Add(int64(len(batch))) })
	send, frame := sender(t, lan.wire), lan.frame(lan.hostMAC, append([]byte{0x08, 0}, make([]byte, 1400)...)...)
	for range packets {
		send(frame)
	}
	pipelinetest.Eventually(t, func() bool { return got.Load() == packets })
	c.stop()
	if n := allocationsOf(t, "sources/pcap.(*source).Run"); n > packets/20 {
		t.Errorf("Run has allocated %d objects for %d packets", n, packets)
	}
}

// allocationsOf returns how many objects a function and those that it called have allocated.
func allocationsOf(t *testing.T, function string) (objects int64) {
	t.Helper()
	runtime.GC() // publishes what was counted
	records := make([]runtime.MemProfileRecord, 100_000)
	n, ok := runtime.MemProfile(records, true)
	if !ok {
		t.Fatalf("there are %d records", n)
	}
	for _, r := range records[:n] {
		frames := runtime.CallersFrames(r.Stack())
		for more := true; more; {
			var frame runtime.Frame
			if frame, more = frames.Next(); strings.HasSuffix(frame.Function, function) {
				objects += r.AllocObjects
				break
			}
		}
	}
	return objects
}
