package broadcast_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mdpacket "github.com/mdlayher/packet"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/broadcast"
	"github.com/pmtud/pmtud/sources/pcap"
)

// TestBridgeLearnsNothing captures what was sent to another host, and what this host
// sends to its gateway. The copies must not move these in the bridge's forwarding table.
func TestBridgeLearnsNothing(t *testing.T) {
	for _, tc := range []struct {
		name     string
		capture  func(*pcap.Settings)
		from, to string // who sends a PTB to whom
	}{
		{"promiscuous", func(s *pcap.Settings) { s.Promiscuous = true }, "gateway", "other"},
		{"both directions", func(s *pcap.Settings) { s.Direction = pcap.Both }, "host", "gateway"},
		{"both, promiscuous", func(s *pcap.Settings) { s.Direction, s.Promiscuous = pcap.Both, true }, "gateway", "other"},
		{"addressed to this host", func(*pcap.Settings) {}, "gateway", "host"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBridged(t)
			stop := b.run(t, tc.capture)
			copies := listen(t, b.hosts["third"])
			want := b.table(t)
			want[b.mac(t, "host").String()] = "to-host" // as the copy comes from there
			want[b.mac(t, tc.from).String()] = "to-" + tc.from
			b.send(t, tc.from, tc.to)
			if copied := copies.next(t); !bytes.Equal(copied[6:12], b.mac(t, "host")) {
				t.Errorf("the copy is %x, want one from %v", copied, b.mac(t, "host"))
			}
			if diff := cmp.Diff(want, b.table(t)); diff != "" {
				t.Errorf("forwarding table (-want +got):\n%s", diff)
			}
			stop()
		})
	}
}

// bridged are hosts on the ports of a bridge: the one that runs the pipeline, another
// one, a gateway and a third.
type bridged struct {
	bridge *netns.NS
	hosts  map[string]*netns.NS
}

func newBridged(t *testing.T) bridged {
	t.Helper()
	b := bridged{netns.NewTest(t, "bridge"), map[string]*netns.NS{}}
	netns.Must(t, b.bridge.Sysctl("net.ipv6.conf.default.disable_ipv6", "1")) // which would send by itself
	var ports []string
	for _, name := range []string{"host", "other", "gateway", "third"} {
		ns := netns.NewTest(t, name)
		netns.Must(t,
			ns.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"),
			netns.Veth(b.bridge, "to-"+name, ns, "eth0"),
		)
		b.hosts[name], ports = ns, append(ports, "to-"+name)
	}
	netns.Must(t, b.bridge.Bridge("br0", ports...))
	pipelinetest.Eventually(t, func() bool { return b.forwards(t, ports) })
	return b
}

// forwards reports whether the kernel has told the bridge that its ports have carrier.
func (b bridged) forwards(t *testing.T, ports []string) bool {
	t.Helper()
	all := true
	netns.Must(t, b.bridge.Do(func() error {
		for _, port := range ports {
			l, err := netlink.LinkByName(port)
			if err != nil {
				return err
			}
			all = all && l.Attrs().OperState == netlink.OperUp
		}
		return nil
	}))
	return all
}

func (b bridged) mac(t *testing.T, name string) net.HardwareAddr {
	t.Helper()
	ifi, err := b.hosts[name].Interface("eth0")
	netns.Must(t, err)
	return ifi.HardwareAddr
}

// table returns the port of each address that the bridge has learned.
func (b bridged) table(t *testing.T) map[string]string {
	t.Helper()
	learned := map[string]string{}
	netns.Must(t, b.bridge.Do(func() error {
		entries, err := netlink.NeighList(0, unix.AF_BRIDGE)
		if err != nil {
			return fmt.Errorf("read forwarding table: %w", err)
		}
		for _, e := range entries {
			if e.State&netlink.NUD_PERMANENT != 0 {
				continue // a port's own
			}
			port, err := net.InterfaceByIndex(e.LinkIndex)
			if err != nil {
				return err
			}
			learned[e.HardwareAddr.String()] = port.Name
		}
		return nil
	}))
	return learned
}

// run runs a pipeline on the host that broadcasts what it captures.
func (b bridged) run(t *testing.T, capture func(*pcap.Settings)) (stop func()) {
	t.Helper()
	source := pcap.Plugin().NewSettings().(*pcap.Settings)
	source.Interface = "eth0"
	capture(source)
	sink := settings()
	p, err := pipeline.New(pipeline.Spec{
		Name:    "p",
		Sources: []pipeline.Stage{{Plugin: pcap.Plugin(), Settings: source}},
		Sinks:   []pipeline.SinkStage{{Stage: pipeline.Stage{Plugin: broadcast.Plugin(), Settings: &sink}}},
	})
	netns.Must(t, err, b.hosts["host"].Do(func() error { return p.Open(t.Context()) }))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	return func() {
		cancel()
		select {
		case err := <-done:
			netns.Must(t, err)
		case <-time.After(patience):
			t.Error("the pipeline does not end")
		}
	}
}

// send sends a PTB from one host to another.
func (b bridged) send(t *testing.T, from, to string) {
	t.Helper()
	ifi, err := b.hosts[from].Interface("eth0")
	netns.Must(t, err)
	m := pipelinetest.PTB{DstMAC: [6]byte(b.mac(t, to))}
	frame := m.Frame()
	copy(frame[6:], ifi.HardwareAddr)
	var conn *mdpacket.Conn
	netns.Must(t, b.hosts[from].Do(func() (err error) {
		conn, err = mdpacket.Listen(ifi, mdpacket.Raw, 0, nil)
		return err
	}))
	defer conn.Close()
	_, err = conn.WriteTo(frame, &mdpacket.Addr{HardwareAddr: b.mac(t, to)})
	netns.Must(t, err)
}
