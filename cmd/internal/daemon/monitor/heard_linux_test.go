package monitor_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/pipeline/canary"
)

// call broadcasts two canaries of another server, which promises one a second.
func (l *lan) call(t *testing.T, name string) {
	t.Helper()
	m := canary.Message{Name: name, Instance: 1, Interval: time.Second}
	var frames [][]byte
	for m.Sequence = range 2 {
		frame := append(bytes.Repeat([]byte{0xff}, 6), 2, 0, 0, 0, 0, 9, 0x08, 0)
		frames = append(frames, append(frame, m.IPv4()...))
	}
	must(t, l.wire.Do(func() error {
		s, err := flood.Open("eth0", frames)
		if err != nil {
			return err
		}
		defer s.Close()
		for i := range frames {
			if err := s.Send(i); err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestHeard has a server that broadcasts two test messages and then no more. Readiness, the page, the status and the
// metric say so two intervals later; the daemon stays ready. The hosts of a peer list that never sent any
// are named too.
func TestHeard(t *testing.T) {
	lan := newLAN(t)
	d := start(t, lan.host, `
canary: {interval: 1s, name: web1}
pipelines:
  edge:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}]
    sinks: [{type: broadcast, interface: eth0}, {type: peers, unlimited: true, addresses: [10.0.0.2, 10.0.0.3]}]
`)
	lan.call(t, "web2")
	eventually(t, "the server is heard", func() bool { return len(d.status(t).Canary.Peers) == 1 })
	s := d.status(t)
	if p := s.Canary.Peers[0]; p.Name != "web2" || len(p.Ways) != 1 || p.Ways[0].Way != "broadcast" || p.Interval != 1 {
		t.Errorf("heard: %+v", p)
	}
	last := s.Canary.Peers[0].Last
	eventually(t, "it is reported", func() bool {
		return strings.Contains(d.get(t, "/readyz").Body, "[!] server web2 is not heard: the last test message came")
	})
	if after := time.Since(last); after < 2*time.Second {
		t.Errorf("reported %v after the last one", after)
	}
	eventually(t, "those that were never heard are reported", func() bool { return len(d.status(t).Canary.Missing) == 2 })
	ready := d.get(t, "/readyz")
	if ready.Status != 200 || !strings.HasSuffix(ready.Body, "\nok\n") ||
		!strings.Contains(ready.Body, "[!] server 10.0.0.3 has never been heard; sink peers of pipeline edge lists it\n") {
		t.Errorf("/readyz: %+v", ready)
	}
	if s := d.status(t); s.Canary.Peers[0].Heard || len(s.Canary.Findings) != 3 || !s.Ready || s.Canary.Name != "web1" {
		t.Errorf("status: %+v", s)
	}
	families, _ := d.scrape(t)
	heard := families["pmtud_heard_timestamp_seconds"].GetMetric()
	if len(heard) != 1 || heard[0].GetLabel()[0].GetValue() != "web2" {
		t.Fatalf("metric: %v", heard)
	}
	if got := heard[0].GetGauge().GetValue(); got < float64(last.Unix()) || got > float64(last.Unix())+1 {
		t.Errorf("metric says %v, the status %v", got, last)
	}
	if got := families["pmtud_canary_interval_seconds"].GetMetric()[0].GetGauge().GetValue(); got != 1 {
		t.Errorf("interval %v", got)
	}
	page := d.get(t, "/").Body
	for _, want := range []string{"Servers that web1 hears", "server web2 is not heard", "<td>no</td>", "NOT by broadcast, last "} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	lan.call(t, "web2")
	eventually(t, "it is heard again", func() bool { return !strings.Contains(d.get(t, "/readyz").Body, "web2") })

	// What the sinks were given is no part of what they were offered.
	s = d.status(t)
	for _, sink := range s.Pipelines[0].Sinks {
		if sink.Canaries == nil || sink.Offered.Total != 0 || sink.Delivered.Total != 0 {
			t.Errorf("sink %s: %+v, canaries %+v", sink.Name, sink, sink.Canaries)
		}
	}
	if c := s.Pipelines[0].Sinks[0].Canaries; c.Sent == 0 || c.Failed > 0 {
		t.Errorf("broadcast sent %+v", c)
	}
	if got := fmt.Sprint(s.Pipelines[0].Filters[1].Dropped[0].Reason, s.Pipelines[0].Dropped.Total); got != "canary4" {
		t.Errorf("dropped: %s", got)
	}
}

func (d *daemon) status(t *testing.T) (s control.Status) {
	t.Helper()
	must(t, json.Unmarshal([]byte(d.get(t, "/api/status").Body), &s))
	return s
}
