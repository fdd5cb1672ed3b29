package pcap_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/wire"
	"github.com/pmtud/pmtud/sources/pcap"
)

// forwarded is a sink that keeps the packets' time stamps and clients.
type forwarded struct {
	mu      sync.Mutex
	at      []pipeline.Instant
	clients map[netip.Addr]bool
}

func (*forwarded) Open(context.Context) error { return nil }

func (f *forwarded) Deliver(batch []*pipeline.Packet, _ []pipeline.Reason) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range batch {
		f.at = append(f.at, p.Time)
		quoted, _ := p.Quoted()
		f.clients[quoted.Dst] = true
	}
}

func (f *forwarded) has(client netip.Addr) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clients[client]
}

func (*forwarded) Flush()       {}
func (*forwarded) Close() error { return nil }

// gated is a running pipeline with a total, from eth0 to where its packets are counted.
type gated struct {
	pipeline *pipeline.Pipeline
	unread   atomic.Int64 // packets that the source did not read
	forwarded
	stop func() // ends it in order
}

// Watch is [pipeline.Watcher].
func (*gated) Watch(pipeline.Decided) {}

// Unread is [pipeline.Watcher].
func (g *gated) Unread(n int, _ pipeline.Verdict) { g.unread.Add(int64(n)) }

// total returns settings of the filter iface-rate with so many packets per second and at once.
func total(rate, burst float64, fairBy ...key.Field) *ifacerate.Settings {
	s := ifacerate.Plugin().NewSettings().(*ifacerate.Settings)
	s.Rate, s.Burst, s.FairBy = rate, burst, fairBy
	return s
}

func startGated(t *testing.T, lan *lan, total *ifacerate.Settings, change ...func(*pcap.Settings)) *gated {
	t.Helper()
	g := &gated{forwarded: forwarded{clients: map[netip.Addr]bool{}}}
	settings := on(change...)
	var err error
	g.pipeline, err = pipeline.New(pipeline.Spec{
		Name:    "gated",
		Watcher: g,
		Sources: []pipeline.Stage{{Plugin: pcap.Plugin(), Settings: &settings}},
		Filters: []pipeline.Stage{{Plugin: icmpptb.Plugin()}, {Plugin: ifacerate.Plugin(), Settings: total}},
		Sinks: []pipeline.SinkStage{{Stage: pipeline.Stage{Plugin: pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
			Type: "forwarded",
			New:  func(struct{}, pipeline.Env) (pipeline.Sink, error) { return &g.forwarded, nil },
		})}}},
	})
	netns.Must(t, err)
	netns.Must(t, lan.host.Do(func() error { return g.pipeline.Open(t.Context()) }))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.pipeline.Run(ctx) }()
	g.stop = func() {
		t.Helper()
		cancel()
		netns.Must(t, <-done, g.pipeline.Close())
	}
	return g
}

// await waits until the counters are as they should be, and returns them.
func (g *gated) await(t *testing.T, what string, reached func(pipeline.Counters) bool) pipeline.Counters {
	t.Helper()
	for deadline := time.Now().Add(timeout); ; time.Sleep(time.Millisecond) {
		c := g.pipeline.Counters()
		if reached(c) {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: counters %+v", what, c)
		}
	}
}

// hasCounted reports whether the counters have all of so many packets.
func hasCounted(sent int) func(pipeline.Counters) bool {
	return func(c pipeline.Counters) bool { return c.Received+c.Sources[0].Lost >= uint64(sent) }
}

// check wants counters that say what became of each of so many packets, and some of them unread
// if there can be a gate: how many, depends on how fast the machine sends.
func (g *gated) check(t *testing.T, sent int) {
	t.Helper()
	c := g.pipeline.Counters()
	dropped := c.Dropped[1].Reasons[0].Packets
	if c.Received+c.Sources[0].Lost != uint64(sent) || c.Received != c.Forwarded+dropped {
		t.Errorf("%d sent, %d received, %d lost, %d forwarded, %d rate-limited", sent, c.Received, c.Sources[0].Lost, c.Forwarded, dropped)
	}
	if unread := g.unread.Load(); netns.IsHostRoot() && unread == 0 {
		t.Error("none was left unread")
	}
}

// TestGate floods a pipeline that lets five packets a second pass, with one message: the counters
// hold every one, and the limit is kept. A packet that comes when the flood has ended and the limit
// has room is forwarded.
func TestGate(t *testing.T) {
	lan := newLAN(t)
	g := startGated(t, lan, total(5, 1))
	ptb := pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	send := sender(t, lan.wire)
	sent := 0
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); sent++ {
		send(ptb)
	}
	flood := g.await(t, "the flood is not in the counters", hasCounted(sent))
	g.await(t, "nothing passes after the flood", func(c pipeline.Counters) bool {
		send(ptb)
		sent++
		return c.Forwarded > flood.Forwarded
	})
	g.await(t, "the rest is not in the counters", hasCounted(sent))
	g.stop()
	g.check(t, sent)
	if unread := int(g.unread.Load()); netns.IsHostRoot() && unread*2 < sent {
		t.Errorf("%d packets of %d were left unread", unread, sent)
	}
	for i := 1; i < len(g.at); i++ {
		if gap := time.Duration(g.at[i] - g.at[i-1]); gap < 200*time.Millisecond {
			t.Errorf("forwarded after %v; the rate is 5 packets per second", gap)
		}
	}
	if len(g.at) < 7 {
		t.Errorf("%d forwarded in 1.5 s and after, want at least 7", len(g.at))
	}
}

// TestGateForNewcomers floods a pipeline with messages about a new client each, at limits that are
// short for moments only. Genuine clients ask again as TCP does, and pass.
func TestGateForNewcomers(t *testing.T) {
	for _, tc := range []struct {
		name  string
		total *ifacerate.Settings
	}{
		{"fair", total(100, 20, key.Client)},
		{"fair, more", total(1000, 40, key.Router, key.Client)},
		{"first come", total(1000, 40)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lan := newLAN(t)
			g := startGated(t, lan, tc.total)
			send := sender(t, lan.wire)
			forged := pipelinetest.PTB{DstMAC: lan.hostMAC, Router: netip.MustParseAddr("198.51.100.9")}.Frame()
			const client = wire.EthernetLen + wire.IPv4Len + wire.ICMPLen + 16
			sent := 0
			floodFor := func(d time.Duration) { // at 50,000 per second, so that none are lost
				for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
					for range 500 {
						binary.BigEndian.PutUint32(forged[client:], rand.Uint32()) // gates are used again
						send(forged)
						sent++
					}
				}
			}
			floodFor(100 * time.Millisecond)
			waiting := genuineClients()
			for rto := 200 * time.Millisecond; len(waiting) > 0 && rto < 4*time.Second; rto *= 2 {
				for _, client := range waiting {
					send(pipelinetest.PTB{DstMAC: lan.hostMAC, Client: client}.Frame())
					sent++
				}
				floodFor(rto)
				waiting = slices.DeleteFunc(waiting, g.has)
			}
			g.await(t, "the flood is not in the counters", hasCounted(sent))
			g.stop()
			g.check(t, sent)
			if n := len(waiting); n > 0 && (netns.IsHostRoot() || tc.total.FairBy != nil) {
				t.Errorf("%d clients got nothing", n)
			}
		})
	}
}

func genuineClients() []netip.Addr {
	clients := make([]netip.Addr, 10)
	for i := range clients {
		clients[i] = netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})
	}
	return clients
}

// TestGateIsOpenInQuietTimes: few packets at once are all read, also while there is not enough for
// all.
func TestGateIsOpenInQuietTimes(t *testing.T) {
	lan := newLAN(t)
	g := startGated(t, lan, total(5, 1))
	send, ptb := sender(t, lan.wire), pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	for sent := range 60 {
		send(ptb)
		g.await(t, "a packet is missing", hasCounted(sent+1))
	}
	g.stop()
	if n := g.unread.Load(); n > 0 {
		t.Errorf("%d packets were left unread", n)
	}
}

// TestGateSurvivesTheInterface deletes the interface while the gate is shut.
func TestGateSurvivesTheInterface(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	lan := newLAN(t)
	g := startGated(t, lan, total(0.5, 1))
	sent := 0
	flood := func() {
		ptb := pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
		send := sender(t, lan.wire)
		for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); sent++ {
			send(ptb)
		}
	}
	flood()
	before := g.await(t, "the flood is not in the counters", hasCounted(sent)).Forwarded
	netns.Must(t, lan.host.Delete("eth0"))
	lan.connect(t)
	for deadline := time.Now().Add(timeout); g.pipeline.Counters().Forwarded == before; flood() {
		if time.Now().After(deadline) {
			t.Fatalf("nothing passes any more: %+v", g.pipeline.Counters())
		}
	}
	unread := g.unread.Load()
	flood()
	g.stop()
	if netns.IsHostRoot() && g.unread.Load() == unread {
		t.Error("there is no gate at the new interface")
	}
}

// TestGateOfADeletedInterface deletes the interface while a crowd still waits for the
// end of its block's time: nothing is left for a gate to keep out, and the source has
// to look for the interface's successor.
func TestGateOfADeletedInterface(t *testing.T) {
	lan := newLAN(t)
	g := startGated(t, lan, total(0.5, 1), func(s *pcap.Settings) { s.Latency = 300 * time.Millisecond })
	const crowd = 200
	ptb := pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	send := sender(t, lan.wire)
	for range crowd {
		send(ptb)
	}
	netns.Must(t, lan.host.Delete("eth0"))
	g.await(t, "the crowd does not come", func(c pipeline.Counters) bool { return c.Received == crowd })
	lan.connect(t)
	send = sender(t, lan.wire)
	ptb = pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	g.await(t, "nothing is received any more", func(c pipeline.Counters) bool {
		send(ptb)
		return c.Received > crowd
	})
	g.stop()
}
