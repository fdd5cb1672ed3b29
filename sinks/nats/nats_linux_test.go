package nats_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	natsio "github.com/nats-io/nats.go"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/natslink"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/natsserver"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/nats"
)

const secret = "a text that is long enough"

const listen = "listen: 127.0.0.1:4222\n"

// settings are the defaults with a key and a server of this process.
func settings(t testing.TB) *nats.Settings {
	t.Helper()
	netns.Own(t) // skips where the process has no loopback interface of its own
	s := nats.Plugin().NewSettings().(*nats.Settings)
	s.Key = []string{secret}
	s.Servers = make([]natslink.Server, 1)
	netns.Must(t, s.Servers[0].UnmarshalText([]byte("nats://127.0.0.1:4222")))
	return s
}

func open(t testing.TB, s *nats.Settings, env pipeline.Env) *nats.Sink {
	t.Helper()
	built, err := nats.Plugin().Build(s, env)
	netns.Must(t, err)
	sink := built.(*nats.Sink)
	t.Cleanup(func() { netns.Must(t, sink.Close()) })
	netns.Must(t, sink.Open(context.Background()))
	return sink
}

// deliver gives the sink one packet and returns the name of the reason, or "".
func deliver(sink pipeline.Sink, p pipeline.Packet) string {
	p.Decode()
	p.Clock = p.Time
	failed := make([]pipeline.Reason, 1)
	sink.Deliver([]*pipeline.Packet{&p}, failed)
	if failed[0] == pipeline.Pass {
		return ""
	}
	return nats.Plugin().Reasons[failed[0]-1].Name
}

// ptb returns a message of the family with an MTU to know it by.
func ptb(ipv6 bool, mtu uint32) pipeline.Packet {
	m := pipelinetest.PTB{MTU: mtu}
	if ipv6 {
		m.Router = netip.MustParseAddr("2001:db8:f::1")
	}
	return m.Packet(pipelinetest.Begin)
}

// subscribe returns what is published to a subject.
func subscribe(t testing.TB, subject string) <-chan *natsio.Msg {
	t.Helper()
	c, err := natsio.Connect("nats://127.0.0.1:4222")
	netns.Must(t, err)
	t.Cleanup(c.Close)
	messages := make(chan *natsio.Msg, 1024)
	_, err = c.ChanSubscribe(subject, messages)
	netns.Must(t, err, c.Flush())
	return messages
}

func next(t testing.TB, messages <-chan *natsio.Msg) *natsio.Msg {
	t.Helper()
	select {
	case m := <-messages:
		return m
	case <-time.After(10 * time.Second):
		t.Fatal("no message in 10 s")
		return nil
	}
}

func TestPlugin(t *testing.T) {
	s := settings(t)
	natsserver.StartProcess(t, listen)
	pipelinetest.TestSink(t, nats.Plugin(), s)
	s.Key = nil
	netns.Must(t, s.Subject.UnmarshalText([]byte("pmtud.ptb.{target}")))
	pipelinetest.TestSink(t, nats.Plugin(), s)
	s.DryRun = true
	pipelinetest.TestSink(t, nats.Plugin(), s)
}

// TestWithoutServer has the kit test a sink that nobody answers.
func TestWithoutServer(t *testing.T) {
	s := settings(t)
	pipelinetest.TestSink(t, nats.Plugin(), s)
	sink := open(t, s, pipelinetest.Env(t))
	if got := deliver(sink, ptb(false, 1400)); got != "no-server" {
		t.Errorf("reason %q, want no-server", got)
	}
	if err := sink.Health(); err == nil || !strings.Contains(err.Error(), "unreachable") {
		t.Errorf("complaint %v", err)
	}
	natsserver.Start(t, listen)
	messages := subscribe(t, "pmtud.ptb")
	pipelinetest.Eventually(t, func() bool { return sink.Health() == nil })
	if got := deliver(sink, ptb(false, 1400)); got != "" { // and it is no repetition
		t.Errorf("reason %q", got)
	}
	next(t, messages)
}

// TestPacketIsPublishedWhole compares every byte of what a subscriber opens.
func TestPacketIsPublishedWhole(t *testing.T) {
	for _, key := range [][]string{{secret}, nil} {
		for _, ipv6 := range []bool{false, true} {
			t.Run(fmt.Sprint("key ", key, ", IPv6 ", ipv6), func(t *testing.T) {
				s := settings(t)
				s.Key = key
				netns.Must(t, s.Subject.UnmarshalText([]byte("a.{target}.b")))
				natsserver.Start(t, listen)
				messages := subscribe(t, "a.>")
				p := ptb(ipv6, 1400)
				want := bytes.Clone(p.Data[14:])
				p.Data = append(p.Data, 1, 2, 3) // padding
				p.Length = len(p.Data)
				env := pipelinetest.Env(t)
				if got := deliver(open(t, s, env), p); got != "" {
					t.Fatal(got)
				}
				subject := "a.192.0.2.1.b"
				if ipv6 {
					subject = "a.2001.db8.0.0.0.0.0.1.b"
					want[7]--
				} else {
					want[8]--
					binary.BigEndian.PutUint16(want[10:], binary.BigEndian.Uint16(want[10:])+0x100)
				}
				m := next(t, messages)
				if m.Subject != subject {
					t.Errorf("subject %s, want %s", m.Subject, subject)
				}
				reader, err := natslink.NewReader(&s.Settings, time.Minute)
				netns.Must(t, err)
				got, fault := reader.Open(m.Data, time.Now())
				if diff := cmp.Diff(want, got); diff != "" || fault != natslink.OK {
					t.Errorf("%v (-want +got):\n%s", fault, diff)
				}
				if !env.Published.Has(env.Published.Packet(want), time.Now().UnixNano()) {
					t.Error("the program does not know what it has published")
				}
			})
		}
	}
}

func TestReasons(t *testing.T) {
	s := settings(t)
	natsserver.Start(t, listen+"max_payload: 1024\n")
	sink := open(t, s, pipelinetest.Env(t))
	long := ptb(true, 1400)
	long.Data = append(long.Data, make([]byte, 1280+14-len(long.Data))...)
	long.Length = len(long.Data)
	binary.BigEndian.PutUint16(long.Data[14+4:], 1240)
	for _, tc := range []struct {
		name   string
		packet pipeline.Packet
		want   string
	}{
		{"sound", ptb(false, 1400), ""},
		{"again", ptb(false, 1400), "repeated"},
		{"IPv6", ptb(true, 1400), ""},
		{"no PTB", pipeline.Packet{LinkType: linklayer.Ethernet}, "not-ptb"},
		{"longer than the server takes", long, "too-large"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := deliver(sink, tc.packet); got != tc.want {
				t.Errorf("reason %q, want %q", got, tc.want)
			}
		})
	}
}

// TestServerComesBack stops the server in the middle and starts it again.
func TestServerComesBack(t *testing.T) {
	s := settings(t)
	server := natsserver.Start(t, listen)
	sink := open(t, s, pipelinetest.Env(t))
	if got := deliver(sink, ptb(false, 1000)); got != "" {
		t.Fatal(got)
	}
	natsserver.Stop(server)
	pipelinetest.Eventually(t, func() bool { return sink.Health() != nil })
	if got := deliver(sink, ptb(false, 1001)); got != "no-server" {
		t.Errorf("reason %q without a server", got)
	}
	natsserver.Start(t, listen)
	messages := subscribe(t, "pmtud.ptb")
	begin := time.Now()
	pipelinetest.Eventually(t, func() bool { return sink.Health() == nil })
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("it took %v to connect again", took)
	}
	if got := deliver(sink, ptb(false, 1001)); got != "" {
		t.Fatal(got)
	}
	next(t, messages)
	if got := measured(sink, "connections_total", ""); got != 2 {
		t.Errorf("%v connections, want 2", got)
	}
	if got := measured(sink, "troubles_total", "disconnected"); got != 1 {
		t.Errorf("%v times disconnected, want once", got)
	}
}

// measured returns a metric, of the label.
func measured(sink pipeline.Measurer, metric, label string) (value float64) {
	sink.Measure(func(i int, l string, v float64) {
		if nats.Plugin().Metrics[i].Name == metric && l == label {
			value = v
		}
	})
	return value
}

// TestServerThatDoesNotRead wants that a sink waits for no server longer than it must.
func TestServerThatDoesNotRead(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	s := settings(t)
	sink := open(t, s, pipelinetest.Env(t)) // without one: Conn is nil
	silent(t)
	pipelinetest.Eventually(t, func() bool { return sink.Health() == nil })
	var slowest time.Duration
	sent, mtu := 0, uint32(0)
	for deadline := time.Now().Add(20 * time.Second); sink.Health() == nil && time.Now().Before(deadline); sent++ {
		mtu++
		begin := time.Now()
		deliver(sink, ptb(true, mtu))
		slowest = max(slowest, time.Since(begin))
	}
	if slowest > 4*time.Second {
		t.Errorf("one packet took %v", slowest)
	}
	if sink.Health() == nil {
		t.Error("no complaint")
	}
	t.Logf("%d packets, the slowest took %v", sent, slowest)
}
