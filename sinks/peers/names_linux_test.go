package peers_test

import (
	"context"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/peers"
)

// namedPeer is a host "b.example." on a LAN, with a sink that looks the name up
// again every second.
type namedPeer struct {
	dns  *dnsServer
	sink *peers.Sink
	log  *logBuffer
}

const name = "b.example."

// newNamedPeer lets prepare set the server up before the sink is opened.
func newNamedPeer(t *testing.T, refresh time.Duration, prepare func(*dnsServer)) namedPeer {
	n := namedPeer{dns: newDNSServer(t), log: new(logBuffer)}
	prepare(n.dns)
	s := settings(t, name)
	s.Refresh = refresh
	env := pipelinetest.Env(t)
	env.Log = n.log.logger()
	n.sink = open(t, s, env)
	return n
}

// reaches polls until a message of each family gets to the host.
func (n namedPeer) reaches(t *testing.T, c *capture, families ...bool) {
	t.Helper()
	for _, ipv6 := range families {
		c.got(ipv6) // from earlier
		pipelinetest.Eventually(t, func() bool {
			deliver(n.sink, ptb(ipv6, 1400))
			return c.got(ipv6)
		})
	}
}

func TestNameFollowsDNS(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	l := newLAN(t)
	two := newCapture(t, l.host("two", "10.99.0.2/24", "fd99::2/64"))
	three := newCapture(t, l.host("three", "10.99.0.3/24", "fd99::3/64"))
	n := newNamedPeer(t, time.Second, func(dns *dnsServer) { dns.set(name, "10.99.0.2", "fd99::2") })

	if got := deliver(n.sink, ptb(false, 1301)) + deliver(n.sink, ptb(true, 1302)); got != "" {
		t.Errorf("right after Open: %s", got)
	}
	two.next(2)
	n.dns.set(name, "10.99.0.3", "fd99::3")
	n.reaches(t, three, false, true)

	n.dns.breakDown(false)
	pipelinetest.Eventually(t, func() bool { return n.log.count("name can't be looked up") == 1 })
	n.reaches(t, three, false, true)

	n.dns.set(name, "10.99.0.2")
	n.reaches(t, two, false)
	if got := deliver(n.sink, ptb(true, 1400)); got != "no-peers" {
		t.Errorf("IPv6 without an AAAA record: %q", got)
	}

	n.dns.set(name, "10.99.0.1") // this host
	pipelinetest.Eventually(t, func() bool { return deliver(n.sink, ptb(false, 1400)) == "no-peers" })
	if n.log.count("10.99.0.1 of b.example. is this host's own") != 1 {
		t.Errorf("log: %s", n.log)
	}
}

func TestNameOfSeveralAddresses(t *testing.T) {
	l := newLAN(t)
	two := newCapture(t, l.host("two", "10.99.0.2/24"))
	three := newCapture(t, l.host("three", "10.99.0.3/24"))
	n := newNamedPeer(t, time.Minute, func(dns *dnsServer) { dns.set(name, "10.99.0.3", "10.99.0.2", "10.99.0.2", "224.0.0.1") })
	deliver(n.sink, ptb(false, 1400))
	two.next(1)
	three.next(1)
	if got := counters(n.sink); len(got) != 1 || got[0] != "b.example. sent=2" {
		t.Errorf("counters: %q", got)
	}
}

// TestNameThatFailsAtOpen is tried again soon, long before the refresh.
func TestNameThatFailsAtOpen(t *testing.T) {
	for _, tc := range []struct {
		name      string
		prepare   func(*dnsServer)
		complains bool
	}{
		{"broken server", func(dns *dnsServer) { dns.breakDown(false) }, true},
		{"unknown name", func(*dnsServer) {}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCapture(t, newLAN(t).host("two", "10.99.0.2/24"))
			n := newNamedPeer(t, time.Hour, tc.prepare)
			if got := deliver(n.sink, ptb(false, 1400)); got != "no-peers" {
				t.Errorf("reason %q", got)
			}
			if err := n.sink.Health(); (err != nil) != tc.complains {
				t.Errorf("complaint %v", err)
			}
			n.dns.set(name, "10.99.0.2")
			n.reaches(t, c, false)
			pipelinetest.Eventually(t, func() bool { return n.sink.Health() == nil })
		})
	}
}

// TestSilentServer must neither hold Open up for longer than its context lasts, nor
// Close.
func TestSilentServer(t *testing.T) {
	newLAN(t)
	dns := newDNSServer(t)
	dns.breakDown(true)
	built, err := peers.Plugin().Build(settings(t, name, "10.99.0.2"), pipelinetest.Env(t))
	netns.Must(t, err)
	sink := built.(*peers.Sink)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	started := time.Now()
	netns.Must(t, sink.Open(ctx))
	if got := deliver(sink, ptb(false, 1400)); got != "" {
		t.Errorf("to the peer with an address: %s", got)
	}
	netns.Must(t, sink.Close())
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("opening and closing took %v", took)
	}
}

// TestSwapUnderLoad changes a peer's address under a stream of messages.
func TestSwapUnderLoad(t *testing.T) {
	l := newLAN(t)
	l.host("two", "10.99.0.2/24")
	three := newCapture(t, l.host("three", "10.99.0.3/24"))
	n := newNamedPeer(t, time.Second, func(dns *dnsServer) { dns.set(name, "10.99.0.2") })
	n.dns.set(name, "10.99.0.3")
	deadline := time.Now().Add(10 * time.Second)
	for !three.got(false) {
		for range 100 {
			if got := deliver(n.sink, ptb(false, 1400)); got != "" {
				t.Fatal(got)
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the new address is not used after 10 s")
		}
	}
}
