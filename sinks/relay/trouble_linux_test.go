package relay_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/whole"
	"github.com/pmtud/pmtud/sinks/relay"
)

// build returns a sink that is not open.
func build(t testing.TB, s *relay.Settings) *relay.Sink {
	t.Helper()
	built, err := relay.Plugin().Build(s, pipelinetest.Env(t))
	netns.Must(t, err)
	return built.(*relay.Sink)
}

// TestNeeds names each peer, so that no other sink sends it the same; a dry run sends nothing.
func TestNeeds(t *testing.T) {
	s := settings(t, "192.0.2.1", "2001:db8::1", "192.0.2.1")
	s.Port = 5000
	want := []string{"relay to port 5000 of 192.0.2.1", "relay to port 5000 of 2001:db8::1"}
	if diff := cmp.Diff(want, build(t, s).Needs().Unique); diff != "" {
		t.Errorf("unique (-want +got):\n%s", diff)
	}
	s.DryRun = true
	if got := build(t, s).Needs().Unique; len(got) > 0 {
		t.Errorf("a dry run needs %q", got)
	}
}

// TestDryRun counts for each peer what would have been sent, without a system call.
func TestDryRun(t *testing.T) {
	newPeer(t)
	s := settings(t, "10.99.0.2", "10.99.0.3", "fd99::2")
	s.DryRun = true
	sink := open(t, s)
	for i, p := range []pipeline.Packet{ptb(false, 1400), ptb(true, 1400), ptb(false, 1300)} {
		if got := deliver(sink, p); got != "" {
			t.Errorf("message %d: %q", i, got)
		}
	}
	if n := sink.SystemCalls(); n != 0 {
		t.Errorf("%d system calls", n)
	}
	for _, c := range sink.Counters() {
		if c.Sent != 3 {
			t.Errorf("%+v, want 3 sent", c)
		}
	}
}

// TestRehearse records what would be sealed, once and not for a dry run.
func TestRehearse(t *testing.T) {
	for name, dry := range map[string]bool{"for real": false, "dry run": true} {
		t.Run(name, func(t *testing.T) {
			s := settings(t, "192.0.2.1")
			s.DryRun = dry
			sink := build(t, s)
			for i, step := range []struct {
				packet pipeline.Packet
				want   pipeline.Reason
			}{{ptb(false, 1400), pipeline.Pass}, {ptb(false, 1400), whole.Repeated}, {pipeline.Packet{}, whole.NotPTB}, {ptb(true, 1400), pipeline.Pass}} {
				p := step.packet
				p.Decode()
				var recorded [][]byte
				got := sink.DryRun(&p, func(link linklayer.Type, data []byte) {
					if link != linklayer.Raw {
						t.Errorf("step %d: link type %d", i, link)
					}
					recorded = append(recorded, bytes.Clone(data))
				})
				wanted := 0
				if step.want == pipeline.Pass && !dry {
					wanted = 1
				}
				if got != step.want || len(recorded) != wanted {
					t.Errorf("step %d: reason %d with %d packets, want %d with %d", i, got, len(recorded), step.want, wanted)
				}
				if len(recorded) == 1 && len(recorded[0]) != len(p.Data)-14 {
					t.Errorf("step %d: a packet of %d bytes", i, len(recorded[0]))
				}
			}
		})
	}
}

// TestShortestMessage sends an ICMP header without a quote; only the IP header has its length.
func TestShortestMessage(t *testing.T) {
	r := listen(t, newPeer(t), "[::]:4821")
	p := ptb(false, 1400)
	p.Data[14+3] = 28
	if got := deliver(open(t, settings(t, "10.99.0.2")), p); got != "" {
		t.Fatal(got)
	}
	if n := len(r.next()); n != 28 {
		t.Errorf("%d bytes", n)
	}
}

// TestSocketsOfFamilies wants no socket of a family without peers, and none for a dry run.
func TestSocketsOfFamilies(t *testing.T) {
	netns.Own(t)
	dry := false
	opened := func(peers ...string) int {
		s := settings(t, peers...)
		s.DryRun = dry
		before := netns.Descriptors(t)
		open(t, s)
		return netns.Descriptors(t) - before
	}
	opened("192.0.2.1") // what is opened once and stays
	ipv4, ipv6, both := opened("192.0.2.1"), opened("2001:db8::1"), opened("192.0.2.1", "2001:db8::1")
	if ipv4 != ipv6 || both != ipv4+1 {
		t.Errorf("descriptors: %d for IPv4, %d for IPv6, %d for both", ipv4, ipv6, both)
	}
	dry = true
	if n := opened("192.0.2.1", "2001:db8::1"); n != ipv4-1 {
		t.Errorf("descriptors: %d for a dry run, want %d", n, ipv4-1)
	}
}

// TestOpenWithoutDescriptors opens the sink when the process may have no more sockets.
func TestOpenWithoutDescriptors(t *testing.T) {
	netns.Own(t)
	var limit unix.Rlimit
	netns.Must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	for _, tc := range []struct {
		peer string
		dry  bool
		want string
	}{
		{"192.0.2.1", false, "open UDP socket: too many open files"},
		{"2001:db8::1", false, "open UDP over IPv6 socket: too many open files"},
		{"192.0.2.1", true, "watch network interfaces: socket: too many open files"},
	} {
		t.Run(tc.want, func(t *testing.T) {
			s := settings(t, tc.peer)
			s.DryRun = tc.dry
			sink := build(t, s)
			netns.Must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Max: limit.Max}))
			err := sink.Open(t.Context())
			netns.Must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit), sink.Close())
			if err == nil || err.Error() != tc.want {
				t.Errorf("open: %v, want %s", err, tc.want)
			}
		})
	}
}

// TestQueueFull sends more than a slow interface takes. What it has no room for is a failed send.
func TestQueueFull(t *testing.T) {
	for _, address := range []string{"10.99.0.2", "fd99::2"} {
		t.Run(address, func(t *testing.T) {
			r := listen(t, newPeer(t), "[::]:4821")
			sink := open(t, settings(t, address))
			if got := deliver(sink, ptb(false, 1400)); got != "" {
				t.Fatal(got)
			}
			r.next() // so the peer's hardware address is known
			netns.Slow(t, netns.Own(t), "eth0")
			full := 0
			for i := range 1000 {
				switch got := deliver(sink, ptb(false, uint32(1+i))); got {
				case "":
				case "send-failed":
					full++
				default:
					t.Fatal(got)
				}
			}
			if full == 0 || full == 1000 {
				t.Errorf("the queue was full for %d of 1000 datagrams", full)
			}
		})
	}
}
