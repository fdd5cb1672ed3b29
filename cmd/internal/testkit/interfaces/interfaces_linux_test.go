package interfaces_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

const (
	peers     = `{type: peers, unlimited: true, addresses: [` + other4 + `, "` + other6 + `"]}`
	broadcast = `{type: broadcast, interface: `
	nflog     = "type: nflog, group: 33, buffer_size: 128KiB"
)

func pcap(name string) string { return "type: pcap, interface: " + name }

// relay sends to one address of the other end.
func (w *world) relay() string {
	peer := other4
	if !strings.Contains(w.family, "4") {
		peer = other6
	}
	return `{type: relay, insecure: true, peers: ["` + peer + `"]}`
}

// sinks are those that work on the kind.
func (w *world) sinks() string {
	var sinks []string
	if !w.noEthernet {
		sinks = append(sinks, broadcast+w.child+"}")
	}
	if !w.otherRouting {
		sinks = append(sinks, peers, w.relay())
	}
	return strings.Join(sinks, ", ")
}

// TestKinds tries all that can be done on each kind of interface.
func TestKinds(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel() // the kernel takes its time: it tells of carriers once a second
			w := newWorld(t, k)
			t.Run("check", w.testCheckHost)
			if k.noEthernet {
				t.Run("no broadcast", w.testNoBroadcast)
			}
			t.Run("copies", w.testCopies)
			t.Run("inject", w.testInject)
			t.Run("readiness", w.testReadiness)
		})
	}
}

// testCopies takes in messages and sends them on: one copy of each message by each sink, also when
// the parent is captured too, or where netfilter logs them.
func (w *world) testCopies(t *testing.T) {
	w.oneCopy(t, pcap(w.child))
	if w.parent != "" {
		w.oneCopy(t, pcap(w.child), pcap(w.parent))
		w.oneCopy(t, pcap(w.parent)) // it shows the messages
	}
	w.logPTBs(t)
	w.oneCopy(t, nflog)
}

func (w *world) oneCopy(t *testing.T, sources ...string) {
	t.Helper()
	w.copies.reset()
	d := w.start(t, w.pipeline(sources, w.sinks()))
	sent := w.send(t)
	w.wantCopies(t, sent)
	d.end(t)
	w.wantCopies(t, sent)
	for line := range strings.Lines(d.log.String()) {
		// In the tests' user namespace there is no other user.
		if !strings.Contains(line, "level=INFO") && !strings.Contains(line, "process keeps running as root") {
			t.Errorf("sources %v: the log has %s", sources, line)
		}
	}
}

// testNoBroadcast has the program say what can't work.
func (w *world) testNoBroadcast(t *testing.T) {
	sink := broadcast + w.child + "}"
	w.check(t, sink, "problem  broadcast on child is impossible: packets there have no Ethernet header")
	d := w.launch(t, w.pipeline([]string{pcap(w.child)}, sink))
	if err := d.Wait(); err == nil || !strings.Contains(d.log.String(), "its packets have no Ethernet header, so there is no broadcast") {
		t.Errorf("it ends with %v, log\n%s", err, &d.log)
	}
}

// wantCopies waits for so many copies by each sink.
func (w *world) wantCopies(t *testing.T, n int) {
	t.Helper()
	want := counts{broadcasts: n, messages: n, datagrams: n}
	if w.noEthernet {
		want.broadcasts = 0
	}
	if w.otherRouting {
		want.messages, want.datagrams = 0, 0
	}
	await(t, "copies", func() bool {
		got := w.copies.read()
		if got.broadcasts > want.broadcasts || got.messages > want.messages || got.datagrams > want.datagrams {
			t.Fatalf("%+v, want %+v", got, want)
		}
		return got == want
	})
}

// TestFailover has the active cable of a bond fail. The messages go on over the other.
func TestFailover(t *testing.T) {
	w := newWorld(t, kindOf("bond, active-backup"))
	d := w.start(t, w.pipeline([]string{pcap(w.child)}, w.sinks()))
	sent := w.send(t)
	w.wantCopies(t, sent)
	second, err := w.host.Interface("eth1")
	netns.Must(t, err, w.other.Down("eth0"))
	await(t, "the other cable", func() bool { return link(t, w.host, w.child).(*netlink.Bond).ActiveSlave == second.Index })
	sent += w.send(t)
	w.wantCopies(t, sent)
	d.end(t)
}

// TestVRFDevice captures a VRF by its own device, which takes another direction.
func TestVRFDevice(t *testing.T) {
	newWorld(t, kindOf("VRF")).oneCopy(t, pcap("vrf0, direction: both"))
}

func kindOf(name string) kind {
	return kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })]
}
