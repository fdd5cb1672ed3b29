package pcap_test

import (
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/sources/pcap"
)

// TestStopDeliversWhatWasCaptured stops the source while packets still wait for the
// end of their block's time.
func TestStopDeliversWhatWasCaptured(t *testing.T) {
	lan := newLAN(t)
	c := start(t, lan.host, on(func(s *pcap.Settings) { s.Latency = 200 * time.Millisecond }))
	ptb := pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	const n = 100
	frames := make([][]byte, n)
	for i := range frames {
		frames[i] = ptb
	}
	sender(t, lan.wire)(frames...)
	c.stop()
	if got := len(c.packets); got != n {
		t.Errorf("%d packets delivered of %d that were sent before the source was stopped", got, n)
	}
	if lost := c.source.Lost(); lost != 0 {
		t.Errorf("%d packets lost", lost)
	}
}
