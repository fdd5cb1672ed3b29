package service_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestStall stops the process as a CPU quota does, while messages come: the ring keeps them
// until it runs again.
func TestStall(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, tt := range []struct {
		name    string
		packets int
		every   time.Duration // 0: as fast as they can be sent
	}{
		{"ten seconds of 300 a second", 3000, time.Second / 300},
		{"one second of 50,000 a second", 50000, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, "eth0")
			d := h.startDaemon(t, `
pipelines:
  edge:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}, {type: iface-rate, rate: 1}]
    sinks: [{type: log}]
`)
			w := h.newWire(t, "eth0")
			ptb := pipelinetest.PTB{DstMAC: w.mac}.Frame()
			d.stop()
			for due := time.Now(); w.n < uint32(tt.packets); w.n++ {
				time.Sleep(time.Until(due))
				w.send(t, ptb)
				due = due.Add(tt.every)
			}
			netns.Must(t, d.Process.Signal(unix.SIGCONT))
			b := sum(d.end()["edge"])
			if total := b.received + b.lost; total != uint64(tt.packets) {
				t.Errorf("%d sent, %d received, %d lost", tt.packets, b.received, b.lost)
			}
			if b.lost > uint64(tt.packets/100) {
				t.Errorf("%d of %d lost", b.lost, tt.packets)
			}
		})
	}
}

// stop stops the process with SIGSTOP and waits until it stands still.
func (d *daemon) stop() {
	d.t.Helper()
	netns.Must(d.t, d.Process.Signal(unix.SIGSTOP))
	for end := time.Now().Add(timeout); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.Process.Pid))
		netns.Must(d.t, err)
		if _, state, ok := strings.Cut(string(stat), ") "); ok && strings.HasPrefix(state, "T") {
			return
		}
		if time.Now().After(end) {
			d.t.Fatal("the process does not stop")
		}
	}
}
