package inject_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/inject"
)

// TestHeals hands a message to a node whose service is a container behind destination NAT, in
// each way, and wants the container to learn from it.
func TestHeals(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(t *testing.T, node *netns.NS)
		change  func(*inject.Settings)
	}{
		{"made", nil, nil},
		{"strict rp_filter", func(t *testing.T, node *netns.NS) {
			netns.Must(t,
				node.Sysctl("net.ipv4.conf.all.rp_filter", "1"),
				node.Sysctl("net.ipv4.conf.default.rp_filter", "1"),
			)
		}, nil},
		{"as from", nil, asFrom},
		{"as from, strict rp_filter", func(t *testing.T, node *netns.NS) {
			netns.Must(t, node.Sysctl("net.ipv4.conf.all.rp_filter", "1"))
		}, asFrom},
		{"as from, no mark", nil, func(s *inject.Settings) { s.AsFrom, s.Mark = "eth0", 0 }},
		{"loopback", nil, func(s *inject.Settings) { s.Device, s.Create = "lo", false }},
		{"made beforehand", func(t *testing.T, node *netns.NS) {
			netns.Must(t, netns.Veth(node, "mine", node, "end"), node.Sysctl("net.ipv4.conf.mine.rp_filter", "0"))
		}, func(s *inject.Settings) { s.Device, s.Create = "mine", false }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			if tt.prepare != nil {
				tt.prepare(t, w.node)
			}
			sink, _ := open(t, w.node, tt.change)
			if c := complaint(sink); c != "" {
				t.Errorf("complaint: %s", c)
			}
			for name, p := range plans {
				t.Run(name, func(t *testing.T) {
					w.awaitMTU(t, p, 1500)
					m := message{plan: p, port: clientPort, mtu: 1400, ttl: 60}
					if reason := deliver(sink, m.packet()); reason != pipeline.Pass {
						t.Fatalf("reason %d", reason)
					}
					w.awaitMTU(t, p, 1400)
				})
			}
		})
	}
}

// TestNodeAsRouter has the node itself say that a packet is too big, as it does for its containers:
// its address comes in by the device, and is no martian.
func TestNodeAsRouter(t *testing.T) {
	w := newWorld(t)
	sink, _ := open(t, w.node, nil)
	for name, p := range plans {
		p.router = p.node
		if reason := deliver(sink, message{plan: p, port: clientPort, mtu: 1400, ttl: 60}.packet()); reason != pipeline.Pass {
			t.Fatalf("%s: reason %d", name, reason)
		}
		w.awaitMTU(t, p, 1400)
	}
}

func asFrom(s *inject.Settings) { s.AsFrom = "eth0" }
