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
)

// sinks are those that work on the kind.
func (w *world) sinks() string {
	var sinks []string
	if !w.noEthernet {
		sinks = append(sinks, broadcast+w.child+"}")
	}
	if !w.otherRouting {
		sinks = append(sinks, peers)
	}
	return strings.Join(sinks, ", ")
}

// TestOneCopy captures messages on each kind of interface and sends them on there: one copy of
// each message for each sink, also when its parent is captured too.
func TestOneCopy(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			w := newWorld(t, k)
			sources := []string{w.child}
			w.oneCopy(t, sources)
			if w.parent != "" {
				w.oneCopy(t, append(sources, w.parent))
			}
		})
	}
}

func (w *world) oneCopy(t *testing.T, sources []string) {
	t.Helper()
	w.broadcasts.Store(0)
	w.unicasts.Store(0)
	d := w.start(t, sources, w.sinks())
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

// wantCopies waits for so many copies of each sink.
func (w *world) wantCopies(t *testing.T, want int) {
	t.Helper()
	broadcasts, unicasts := want, want
	if w.noEthernet {
		broadcasts = 0
	}
	if w.otherRouting {
		unicasts = 0
	}
	await(t, "copies", func() bool {
		b, u := int(w.broadcasts.Load()), int(w.unicasts.Load())
		if b > broadcasts || u > unicasts {
			t.Fatalf("%d broadcasts and %d messages to the peer, want %d and %d", b, u, broadcasts, unicasts)
		}
		return b == broadcasts && u == unicasts
	})
}

// TestParentShowsMessages captures the parent alone: the messages are seen there too.
func TestParentShowsMessages(t *testing.T) {
	for _, k := range kinds {
		if k.parent == "" {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			w := newWorld(t, k)
			w.oneCopy(t, []string{w.parent})
		})
	}
}

// TestFailover has the active cable of a bond fail. The messages go on over the other.
func TestFailover(t *testing.T) {
	w := newWorld(t, kindOf("bond, active-backup"))
	d := w.start(t, []string{w.child}, w.sinks())
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
	newWorld(t, kindOf("VRF")).oneCopy(t, []string{"vrf0, direction: both"})
}

func kindOf(name string) kind {
	return kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })]
}

// TestNoBroadcastsWithoutEthernet has the program say what can't work.
func TestNoBroadcastsWithoutEthernet(t *testing.T) {
	for _, k := range kinds {
		if !k.noEthernet {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			w := newWorld(t, k)
			d := w.launch(t, []string{w.child}, broadcast+w.child+"}")
			if err := d.Wait(); err == nil || !strings.Contains(d.log.String(), "its packets have no Ethernet header, so there is no broadcast") {
				t.Errorf("it ends with %v, log\n%s", err, &d.log)
			}
		})
	}
}
