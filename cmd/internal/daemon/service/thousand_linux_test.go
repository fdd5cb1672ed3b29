package service_test

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestThousandReloads reloads under traffic, good and bad configurations, and accounts
// for every packet. One pipeline stays as it is, one changes, and one changes that has
// something which there can't be twice.
func TestThousandReloads(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	const reloads = 1000
	h := newHost(t, "eth0")
	before := h.received(t, "eth0")
	dir := t.TempDir()
	keptFile := filepath.Join(dir, "kept.pcap")
	config := func(n int, solo, more string) string {
		return fmt.Sprintf(`
pipelines:
  kept:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}, {type: iface-rate, rate: 10}]
    sinks: [{type: pcap-file, path: %s}]
  changed:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}, {type: mtu, min: %d}]
    sinks: [{type: log, format: json}]
  solo:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}, {type: mtu, min: %d}]
    sinks: [{type: pcap-file, path: %s}]
%s`, keptFile, 68+n%7, 68+n/20%2, filepath.Join(dir, solo), more)
	}
	began := time.Now()
	d := h.startDaemon(t, config(0, "solo.pcap", ""))
	stop, sent := h.traffic(t)
	var early resources
	good := 0
	for n := range reloads {
		want, text := "reloaded", config(n, "solo.pcap", "")
		switch n % 10 {
		case 1, 3:
			want, text = "reload failed", text+"  changed:\n"
		case 2, 6: // after others have been opened
			want = "reload failed; the old configuration stays in use: open pipeline nowhere: "
			text = config(n, "solo.pcap", "  nowhere: {sources: [{type: pcap, interface: nowhere0}], sinks: [{type: log}]}\n")
		case 7: // after another has been closed
			want = "reload failed; the old configuration stays in use: open pipeline solo: "
			text = config(n+20, "nowhere/solo.pcap", "  solo2: {sources: [{type: pcap, interface: eth0}], sinks: [{type: pcap-file, path: "+filepath.Join(dir, "solo.pcap")+"}]}\n")
		default:
			good++
		}
		if got := d.reload(text); !strings.HasPrefix(got, want) {
			t.Fatalf("reload %d: status %q, want %q", n, got, want)
		}
		if n == reloads/4 {
			early = d.resources()
		}
	}
	late := d.resources()
	stop()
	all := d.end()
	took := time.Since(began)

	if got := h.received(t, "eth0") - before; got != sent() {
		t.Errorf("%d frames reached the host of %d", got, sent())
	}
	kept := sum(all["kept"])
	if len(all["kept"]) != 1 || kept.received+kept.lost != sent() {
		t.Errorf("unchanged pipeline has counters %+v, %d packets were sent", all["kept"], sent())
	}
	// A limiter that started over would let as many pass again.
	if most := uint64(10*took.Seconds()) + 20; kept.forwarded > most {
		t.Errorf("unchanged pipeline forwarded %d in %v, its limit allows %d", kept.forwarded, took, most)
	}
	if got := packetsIn(t, keptFile); got != kept.delivered {
		t.Errorf("%d packets in the file of %d delivered", got, kept.delivered)
	}
	changed := sum(all["changed"])
	// Lost, too, are packets that found no room in a ring before its pipeline ran; the one
	// before it has them.
	missing := sent() - uint64(len(d.routers))
	if missing > changed.lost {
		t.Errorf("%d packets are missing, %d lost, of %d", missing, changed.lost, sent())
	}
	if uint64(d.lines) != changed.delivered {
		t.Errorf("%d lines, %d packets delivered", d.lines, changed.delivered)
	}
	solo := sum(all["solo"])
	t.Logf("%d reloads in %v, %d of them good; %d packets sent; unchanged: %d forwarded; changed: %d pipelines, %d twice, %d missing, %d lost; solo: %d pipelines, %d not seen; %+v, then %+v",
		reloads, took.Round(time.Millisecond), good, sent(), kept.forwarded, len(all["changed"]),
		changed.received-uint64(len(d.routers)), missing, changed.lost, len(all["solo"]), int64(sent())-int64(solo.received), early, late)
	if late.files > early.files || late.threads > early.threads+4 || late.memory > early.memory*5/4+4096 {
		t.Errorf("resources grow: %+v, then %+v", early, late)
	}
}

// traffic sends PTBs, some thousand a second, until it is stopped.
func (h *host) traffic(t *testing.T) (stop func(), sent func() uint64) {
	w := h.newWire(t, "eth0")
	var n atomic.Uint64
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(2 * time.Millisecond); ; {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			for range 2 {
				w.sendPTB(t)
				n.Add(1)
			}
		}
	}()
	return func() { close(quit); <-done }, n.Load
}

// packetsIn counts the packets in a capture file.
func packetsIn(t *testing.T, path string) (n uint64) {
	t.Helper()
	r, err := capfile.Open(path, capfile.ReaderOptions{})
	netns.Must(t, err)
	defer r.Close()
	batch := make([]pipeline.Packet, 256)
	for {
		got, err := r.ReadBatch(batch)
		n += uint64(got)
		if errors.Is(err, io.EOF) {
			return n
		}
		netns.Must(t, err)
	}
}
