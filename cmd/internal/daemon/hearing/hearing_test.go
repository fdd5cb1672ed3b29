package hearing_test

import (
	"context"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/hearing"
	"github.com/pmtud/pmtud/cmd/internal/daemon/servicetest"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/peerlist"
	"github.com/pmtud/pmtud/sinks/peers"
)

// TestFindings names servers that are not heard as they should be.
func TestFindings(t *testing.T) {
	now := time.Unix(1e9, 0)
	ago := func(by string, seconds float64) canary.Way {
		return canary.Way{Name: by, Last: now.Add(-time.Duration(seconds * 1e9)), Count: 1}
	}
	peer := func(name string, ways ...canary.Way) canary.Peer {
		return canary.Peer{Name: name, Interval: time.Minute, Ways: ways}
	}
	s := &hearing.State{
		Name: "web1", Interval: time.Second, Now: now,
		Report: canary.Report{Peers: []canary.Peer{
			peer("good", ago("broadcast", 120), ago("relay", 0)),
			peer("silent", ago("broadcast", 300), ago("relay", 125), ago("nats", 200)),
			peer("partly", ago("broadcast", 120.1), ago("nats", 500), ago("peers", 1), ago("relay", 2)),
		}},
		Missing: []hearing.Missing{{Listed: "10.0.0.3", Pipeline: "edge", Sink: "to-others"}},
	}
	want := []hearing.Finding{
		{"silent", "is not heard: the last test message came 2m5s ago, by relay"},
		{"partly", "is no longer heard by broadcast, nats, only by peers, relay"},
		{"10.0.0.3", "has never been heard; sink to-others of pipeline edge lists it"},
	}
	if diff := cmp.Diff(want, s.Findings()); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if got := want[0].String(); got != "server silent is not heard: the last test message came 2m5s ago, by relay" {
		t.Errorf("in a line: %s", got)
	}

	taken := hearing.Finding{"web1", "is also the name of another server; set canary.name"}
	for seconds, want := range map[time.Duration]bool{2 * time.Second: true, 2*time.Second + 1: false} {
		s.Taken = now.Add(-seconds)
		got := s.Findings()
		if is := got[len(got)-1] == taken; is != want {
			t.Errorf("another server of the same name %v ago: %v", seconds, is)
		}
	}
	if got := (*hearing.State)(nil).Findings(); got != nil {
		t.Errorf("without canaries: %v", got)
	}
}

// TestCall sends canaries through the sinks of pipelines, changes settings, and turns them off.
func TestCall(t *testing.T) {
	heard := make(chan string, 100)
	p := pipelineOf(t, func(p *pipeline.Packet) {
		if quoted, ok := p.Quoted(); !ok || quoted.Protocol != canary.Protocol {
			t.Errorf("sent %+v", p)
		}
		payload, _ := canary.Payload(p.Quote())
		name := string(payload[36 : 36+payload[13]])
		heard <- name
	})
	c := hearing.New()
	if c.State(nil) != nil {
		t.Error("it is on before it is turned on")
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(ctx, func() []*pipeline.Pipeline { return []*pipeline.Pipeline{p} })
	}()
	await := func(want string) {
		t.Helper()
		for timeout := time.After(20 * time.Second); ; {
			select {
			case name := <-heard:
				if name == want {
					return
				}
			case <-timeout:
				t.Fatalf("nothing from %s", want)
			}
		}
	}
	c.Set(time.Second, "web1")
	for range 6 { // of each version, three times
		await("web1")
	}
	c.Set(time.Hour, "")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if canary.CheckName(host) == nil {
		await(host)
	}
	if s := c.State(nil); s.Interval != time.Hour || canary.CheckName(s.Name) != nil || s.Now.IsZero() {
		t.Errorf("state %+v", s)
	}
	c.Set(0, "")
	if c.State(nil) != nil {
		t.Error("it is not off")
	}
	stop()
	<-done
}

// pipelineOf returns a pipeline that runs, with a sink that sends to other hosts.
func pipelineOf(t *testing.T, sent func(p *pipeline.Packet)) *pipeline.Pipeline {
	t.Helper()
	return servicetest.Start(t, pipeline.Spec{
		Name: "edge", Sources: []pipeline.Stage{(&servicetest.Source{}).Stage("in")},
		Sinks: []pipeline.SinkStage{{Stage: pipeline.Stage{Plugin: pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
			Type: "test-sink", Reach: pipeline.ReachNetwork,
			New: func(struct{}, pipeline.Env) (pipeline.Sink, error) { return sinkFunc(sent), nil },
		})}}},
	}).Pipeline
}

type sinkFunc func(p *pipeline.Packet)

func (sinkFunc) Open(context.Context) error { return nil }
func (sinkFunc) Flush()                     {}
func (sinkFunc) Close() error               { return nil }
func (f sinkFunc) Deliver(batch []*pipeline.Packet, _ []pipeline.Reason) {
	for _, p := range batch {
		f(p)
	}
}

// TestMissing names those of a list that were never heard, by address and by name.
func TestMissing(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	settings := peers.Plugin().NewSettings().(*peers.Settings)
	settings.DryRun, settings.Unlimited = true, true
	for _, text := range []string{"10.9.0.2", "10.9.0.3", "fd09::3", "127.0.0.1"} {
		settings.Addresses = append(settings.Addresses, peerlist.Address{IP: netip.MustParseAddr(text)})
	}
	p := servicetest.Start(t, pipeline.Spec{
		Name: "edge", Sources: []pipeline.Stage{(&servicetest.Source{}).Stage("in")},
		Sinks: []pipeline.SinkStage{{Stage: pipeline.Stage{Plugin: peers.Plugin(), Settings: settings}}},
	}).Pipeline
	c := hearing.New()
	c.Set(time.Second, "web1")
	m := canary.Message{Name: "web3", Instance: 1, Interval: time.Hour, Addresses: []netip.Addr{netip.MustParseAddr("fd09::3")}}
	for range 2 {
		payload, ok := canary.Payload(m.IPv4()[28:])
		if !ok {
			t.Fatal("no canary")
		}
		c.Ear.Hear(payload, "peers", time.Now().UnixNano())
	}
	missing := func() string {
		var all []string
		for _, m := range c.State([]*pipeline.Pipeline{p}).Missing {
			all = append(all, m.Pipeline+" "+m.Sink+" "+m.Listed)
		}
		return strings.Join(all, ", ")
	}
	if got := missing(); got != "" {
		t.Errorf("missing at once: %s", got)
	}
	want := "edge peers 10.9.0.2, edge peers 10.9.0.3"
	for end := time.Now().Add(20 * time.Second); missing() != want; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("missing %q, want %q", missing(), want)
		}
	}
}
