package broadcast_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables"
	"github.com/vishvananda/netlink"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/broadcast"
	"github.com/pmtud/pmtud/sources/pcap"
)

func TestMain(m *testing.M) { netns.Main(m) }

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

func TestPlugin(t *testing.T) {
	netns.Require(t)
	for _, source := range []broadcast.SourceMAC{broadcast.CapturedDestination, broadcast.CapturedSource, broadcast.Interface} {
		t.Run(string(source), func(t *testing.T) {
			pipelinetest.TestSink(t, broadcast.Plugin(), &broadcast.Settings{Interface: "lo", SourceMAC: source})
		})
	}
}

// TestFrames sends frames on a wire and looks what comes at its other end.
func TestFrames(t *testing.T) {
	lan := newLAN(t)
	wire := listen(t, lan.wire)
	mac := lan.mac(t, "eth0")
	for _, tc := range frameCases() {
		t.Run(tc.name, func(t *testing.T) {
			sink, _ := open(t, lan.host, tc.settings())
			if reason := deliver(sink, tc.decoded()); reason != tc.reason {
				t.Fatalf("reason %d, want %d", reason, tc.reason)
			}
			if tc.reason != pipeline.Pass {
				return
			}
			if diff := cmp.Diff(tc.sent(mac), wire.next(t)); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
		})
	}
	if len(wire) > 0 {
		t.Errorf("%d frames too many are sent", len(wire))
	}
}

func TestDryRun(t *testing.T) {
	lan := newLAN(t)
	wire := listen(t, lan.wire)
	dry, _ := open(t, lan.host, settings(func(s *broadcast.Settings) { s.DryRun = true }))
	defer func() {
		netns.Must(t, lan.host.Down("eth0"))
		awaitComplaint(t, dry, "<nil>")
	}()
	wet, _ := open(t, lan.host, settings())
	first, second := ptb(), ptb()
	first.Data[20]++
	for _, reason := range []pipeline.Reason{deliver(dry, first), deliver(wet, second)} {
		if reason != pipeline.Pass {
			t.Errorf("reason %d", reason)
		}
	}
	if diff := cmp.Diff(slices.Concat(toAll, lan.mac(t, "eth0"), second.Data[12:]), wire.next(t)); diff != "" {
		t.Errorf("first frame (-want +got):\n%s", diff)
	}
}

// TestTrouble fails to send, sends again when the trouble is over, and tells the log
// once.
func TestTrouble(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, tc := range []struct {
		name   string
		begin  func(*lan) error
		end    func(*lan) error
		reason pipeline.Reason
		log    []string

		complaint string
	}{
		{
			"interface down",
			func(l *lan) error { return l.host.Down("eth0") },
			func(l *lan) error { return l.host.Up("eth0") },
			broadcast.InterfaceDown,
			[]string{"interface is down, nothing is sent", "interface is up again, sending"},
			"interface eth0 is down",
		},
		{
			"interface gone",
			func(l *lan) error { return l.host.Delete("eth0") },
			func(l *lan) error { return netns.Veth(l.host, "eth0", l.wire, "eth0") },
			broadcast.NoInterface,
			[]string{"interface is gone, nothing is sent", "interface is up again, sending"},
			"interface eth0 is gone",
		},
		{
			"no carrier", // where the kernel takes frames and forgets them
			func(l *lan) error { return l.wire.Down("eth0") },
			func(l *lan) error { return l.wire.Up("eth0") },
			broadcast.InterfaceDown,
			[]string{"interface is down, nothing is sent", "interface is up again, sending"},
			"interface eth0 has no carrier",
		},
		{
			"frame too long",
			func(l *lan) error { return l.host.SetMTU("eth0", 100) },
			func(l *lan) error { return l.host.SetMTU("eth0", 1500) },
			broadcast.FrameTooLong,
			nil,
			"<nil>",
		},
		{
			"interface renamed", // the sink stays with it
			func(l *lan) error { return errors.Join(l.host.Down("eth0"), l.rename("eth0", "lan0")) },
			func(l *lan) error { return l.host.Up("lan0") },
			broadcast.InterfaceDown,
			[]string{"interface is down, nothing is sent", "interface is up again, sending"},
			"interface eth0 is down",
		},
		{
			"renamed interface replaced", // by one that has the configured name
			func(l *lan) error {
				return errors.Join(l.host.Down("eth0"), l.rename("eth0", "lan0"), l.host.Delete("lan0"))
			},
			func(l *lan) error { return netns.Veth(l.host, "eth0", l.wire, "eth0") },
			broadcast.NoInterface,
			[]string{"interface is gone, nothing is sent", "interface is up again, sending"},
			"interface eth0 is gone",
		},
		{
			"rule on egress", // which the kernel reports as it does a full queue
			(*lan).dropOnEgress,
			(*lan).dropNoMore,
			broadcast.QueueFull,
			nil,
			"<nil>",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lan := newLAN(t)
			sink, log := open(t, lan.host, settings())
			awaitComplaint(t, sink, "<nil>")
			netns.Must(t, tc.begin(lan))
			awaitComplaint(t, sink, tc.complaint)
			for range 10 {
				if reason := deliver(sink, ptb()); reason != tc.reason {
					t.Fatalf("reason %d, want %d", reason, tc.reason)
				}
			}
			netns.Must(t, tc.end(lan))
			awaitComplaint(t, sink, "<nil>")
			wire := listen(t, lan.wire)
			for deadline := time.Now().Add(patience); deliver(sink, ptb()) != pipeline.Pass; {
				if time.Now().After(deadline) {
					t.Fatalf("nothing is sent after the trouble is over; log:\n%s", log)
				}
				time.Sleep(5 * time.Millisecond) // it looks for the interface ten times a second
			}
			frame := wire.next(t)
			if diff := cmp.Diff(slices.Concat(toAll, frame[6:12], ptb().Data[12:]), frame); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
			checkLog(t, log.String(), tc.log)
		})
	}
}

// mac returns the address of an interface.
func (l *lan) mac(t *testing.T, name string) []byte {
	t.Helper()
	ifi, err := l.host.Interface(name)
	netns.Must(t, err)
	return ifi.HardwareAddr
}

func (l *lan) rename(from, to string) error {
	return l.host.Do(func() error {
		link, err := netlink.LinkByName(from)
		if err != nil {
			return err
		}
		return netlink.LinkSetName(link, to)
	})
}

// dropOnEgress has a packet filter drop what leaves by eth0.
func (l *lan) dropOnEgress() error {
	return l.host.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		drop := nftables.ChainPolicyDrop
		c.AddChain(&nftables.Chain{
			Name: "egress", Table: c.AddTable(&nftables.Table{Family: nftables.TableFamilyNetdev, Name: "test"}),
			Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookEgress,
			Priority: nftables.ChainPriorityFilter, Policy: &drop, Device: "eth0",
		})
		return c.Flush()
	})
}

func (l *lan) dropNoMore() error {
	return l.host.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		c.DelTable(&nftables.Table{Family: nftables.TableFamilyNetdev, Name: "test"})
		return c.Flush()
	})
}

// awaitComplaint waits for the kernel, which looks after carriers in its own time.
func awaitComplaint(t *testing.T, sink pipeline.Sink, want string) {
	t.Helper()
	complaint := sink.(pipeline.HealthChecker).Health
	for deadline := time.Now().Add(patience); fmt.Sprint(complaint()) != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("complaint %v, want %s", complaint(), want)
		}
	}
}

// checkLog compares the messages of a log.
func checkLog(t *testing.T, log string, want []string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(log) {
		_, text, _ := strings.Cut(line, `msg="`)
		text, _, _ = strings.Cut(text, `"`)
		got = append(got, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// TestQueueFull sends more than a slow interface takes.
func TestQueueFull(t *testing.T) {
	lan := newLAN(t)
	netns.Slow(t, lan.host, "eth0")
	sink, _ := open(t, lan.host, settings())
	full := 0
	for range 1000 {
		switch reason := deliver(sink, ptb()); reason {
		case pipeline.Pass:
		case broadcast.QueueFull:
			full++
		default:
			t.Fatalf("reason %d", reason)
		}
	}
	if full == 0 || full == 1000 {
		t.Errorf("the queue was full for %d of 1000 frames", full)
	}
}

func TestFailingAllocatesNothing(t *testing.T) {
	for _, tc := range []struct {
		name      string
		trouble   func(*lan) error
		complaint string
	}{
		{"down", func(l *lan) error { return l.host.Down("eth0") }, "interface eth0 is down"},
		{"no carrier", func(l *lan) error { return l.wire.Down("eth0") }, "interface eth0 has no carrier"},
		{"frame too long", func(l *lan) error { return l.host.SetMTU("eth0", 100) }, "<nil>"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lan := newLAN(t)
			sink, _ := open(t, lan.host, settings())
			netns.Must(t, tc.trouble(lan))
			awaitComplaint(t, sink, tc.complaint)
			p := ptb()
			batch, failed := []*pipeline.Packet{&p}, make([]pipeline.Reason, 1)
			if allocs := testing.AllocsPerRun(100, func() { sink.Deliver(batch, failed) }); allocs != 0 || failed[0] == pipeline.Pass {
				t.Errorf("%v allocations, reason %d", allocs, failed[0])
			}
		})
	}
}

func TestOpenFails(t *testing.T) {
	host := netns.NewTest(t, "host")
	sink := build(t, settings(func(s *broadcast.Settings) { s.Interface = "eth7" }))
	err := host.Do(func() error { return sink.Open(t.Context()) })
	if err == nil || err.Error() != "open interface eth7: no such interface" {
		t.Errorf("error %v", err)
	}
	if err := sink.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// lan is a host with the interface eth0 and the wire that it hangs on. Nobody but
// the test sends anything.
type lan struct{ host, wire *netns.NS }

func newLAN(t *testing.T) *lan {
	t.Helper()
	l := &lan{netns.NewTest(t, "host"), netns.NewTest(t, "wire")}
	for _, ns := range []*netns.NS{l.host, l.wire} {
		netns.Must(t, ns.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"))
	}
	// The kernel lets the first one send at once, the other one a moment later.
	netns.Must(t, netns.Veth(l.host, "eth0", l.wire, "eth0"))
	return l
}

func open(t *testing.T, ns *netns.NS, s broadcast.Settings) (pipeline.Sink, *strings.Builder) {
	t.Helper()
	log := new(strings.Builder)
	env := pipelinetest.Env(t)
	env.Log = slog.New(slog.NewTextHandler(log, nil))
	sink, err := broadcast.New(s, env)
	netns.Must(t, err, ns.Do(func() error { return sink.Open(t.Context()) }))
	t.Cleanup(func() {
		if err := sink.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return sink, log
}

func ptb() pipeline.Packet {
	p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	p.Decode()
	return p
}

// deliver delivers one packet and returns why it failed.
func deliver(sink pipeline.Sink, p pipeline.Packet) pipeline.Reason {
	failed := make([]pipeline.Reason, 1)
	sink.Deliver([]*pipeline.Packet{&p}, failed)
	sink.Flush()
	return failed[0]
}

// frames are those that come on eth0.
type frames chan []byte

func listen(t *testing.T, ns *netns.NS) frames {
	t.Helper()
	s := *pcap.Plugin().NewSettings().(*pcap.Settings)
	s.Interface = "eth0"
	source, err := pcap.New(s, pipelinetest.Env(t))
	netns.Must(t, err, ns.Do(func() error { return source.Open(t.Context()) }))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	f := make(frames, 100)
	go func() {
		done <- source.Run(ctx, func(batch []pipeline.Packet) {
			for _, p := range batch {
				f <- slices.Clone(p.Data)
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		netns.Must(t, <-done, source.Close())
	})
	return f
}

func (f frames) next(t *testing.T) []byte {
	t.Helper()
	select {
	case frame := <-f:
		return frame
	case <-time.After(patience):
		t.Fatal("no frame comes")
		return nil
	}
}
