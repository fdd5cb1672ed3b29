package pcap_test

import (
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sources/pcap"
)

type kernelFilter = func(linklayer.Type, uint32) []bpf.Instruction

var (
	broadcast = [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	multicast = [6]byte{0x01, 0x00, 0x5e, 0, 0, 1}
	stranger  = [6]byte{2, 0, 0, 0, 0, 0x99}
)

func TestPlugin(t *testing.T) {
	netns.Require(t)
	settings := on(func(s *pcap.Settings) { s.Interface = "lo" })
	to, err := net.Dial("udp4", "127.0.0.1:9")
	netns.Must(t, err)
	defer to.Close()
	pipelinetest.TestSource(t, pcap.Plugin(), &settings, func() { to.Write([]byte("packet")) })
}

// TestFrames captures frames byte for byte as they were sent.
func TestFrames(t *testing.T) { forEachWay(t, testFrames) }

// forEachWay has packets come at once, and from the ring alone.
func forEachWay(t *testing.T, test func(t *testing.T, way func(*pcap.Settings))) {
	for name, latency := range map[string]time.Duration{"at once": 0, "ring": time.Millisecond} {
		t.Run(name, func(t *testing.T) { test(t, func(s *pcap.Settings) { s.Latency = latency }) })
	}
}

func testFrames(t *testing.T, way func(*pcap.Settings)) {
	lan := newLAN(t)
	ptb := pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	padded := append(lan.frame(lan.hostMAC, 0x08, 0x00), make([]byte, 46)...)
	tagged := func(tags ...byte) []byte { return slices.Concat(ptb[:12], tags, ptb[12:]) }
	c := start(t, lan.host, on(way))
	send := sender(t, lan.wire)
	for _, tc := range []struct {
		name  string
		frame []byte
		want  linklayer.PacketType
	}{
		{"PTB", ptb, linklayer.TypeHost},
		{"padded", padded, linklayer.TypeHost},
		{"broadcast", lan.frame(broadcast, 0x08, 0x00, 1, 2, 3), linklayer.TypeBroadcast},
		{"multicast", lan.frame(multicast, 0x08, 0x00, 1, 2, 3), linklayer.TypeMulticast},
		{"802.1Q", tagged(0x81, 0x00, 0x20, 0x07), linklayer.TypeHost},
		{"802.1Q priority tag", tagged(0x81, 0x00, 0xe0, 0x00), linklayer.TypeHost},
		{"802.1ad", tagged(0x88, 0xa8, 0x0f, 0xfe), linklayer.TypeHost},
		{"QinQ", tagged(0x88, 0xa8, 0x00, 0x05, 0x81, 0x00, 0x00, 0x06), linklayer.TypeHost},
		{"two 802.1Q tags", tagged(0x81, 0x00, 0x00, 0x05, 0x81, 0x00, 0x00, 0x06), linklayer.TypeHost},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := time.Now()
			send(tc.frame)
			got := c.next(t)
			if diff := cmp.Diff(tc.frame, got.Data); diff != "" {
				t.Errorf("frame (-sent +captured):\n%s", diff)
			}
			if got.Length != len(tc.frame) || got.LinkType != linklayer.Ethernet || got.Type != tc.want {
				t.Errorf("length %d, link type %d, type %d; want %d, %d, %d",
					got.Length, got.LinkType, got.Type, len(tc.frame), linklayer.Ethernet, tc.want)
			}
			if at := got.Time.Time(); at.Before(before.Add(-time.Second)) || at.After(time.Now().Add(time.Second)) {
				t.Errorf("time stamp %v of a packet sent at %v", at, before)
			}
		})
	}
}

// TestSelection sends one packet of each kind and looks which ones come.
func TestSelection(t *testing.T) {
	const in, other, out = 1, 2, 3
	for _, tc := range []struct {
		name   string
		change func(*pcap.Settings)
		want   []byte
	}{
		{"in", func(*pcap.Settings) {}, []byte{in}},
		{"out", func(s *pcap.Settings) { s.Direction = pcap.Out }, []byte{out}},
		{"both", func(s *pcap.Settings) { s.Direction = pcap.Both }, []byte{in, out}},
		{"in, promiscuous", func(s *pcap.Settings) { s.Promiscuous = true }, []byte{in, other}},
		{"out, promiscuous", func(s *pcap.Settings) { s.Direction, s.Promiscuous = pcap.Out, true }, []byte{out}},
		{"both, promiscuous", func(s *pcap.Settings) { s.Direction, s.Promiscuous = pcap.Both, true }, []byte{in, other, out}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lan := newLAN(t)
			awaitPath(t, lan.host, lan.wire)
			c := start(t, lan.host, on(tc.change))
			sender(t, lan.wire)(
				lan.frame(lan.hostMAC, 0x08, 0x00, in),
				lan.frame(stranger, 0x08, 0x00, other),
			)
			sender(t, lan.host)(lan.frame(broadcast, 0x08, 0x00, out))
			// What would be captured in any case, last.
			sender(t, lan.wire)(lan.frame(lan.hostMAC, 0x08, 0x00, 0xff))
			sender(t, lan.host)(lan.frame(broadcast, 0x08, 0x00, 0xff))

			var got []byte
			for {
				kind := c.next(t).Data[14]
				if kind == 0xff {
					break
				}
				got = append(got, kind)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("captured (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSnaplen(t *testing.T) { forEachWay(t, testSnaplen) }

func testSnaplen(t *testing.T, way func(*pcap.Settings)) {
	lan := newLAN(t)
	ptb := pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	tagged := pipelinetest.PTB{DstMAC: lan.hostMAC, VLAN: 7}.Frame()
	c := start(t, lan.host, on(way, func(s *pcap.Settings) { s.Snaplen = 64 }))
	for _, frame := range [][]byte{ptb, tagged} {
		sender(t, lan.wire)(frame)
		got := c.next(t)
		if diff := cmp.Diff(frame[:64], got.Data); diff != "" || got.Length != len(frame) || !got.Truncated() {
			t.Errorf("length %d of %d, bytes (-want +got):\n%s", got.Length, len(frame), diff)
		}
	}
}

// TestKernelFilter captures with a program for the kernel that lets through what
// has an odd byte behind the Ethernet header.
func TestKernelFilter(t *testing.T) {
	lan := newLAN(t)
	odd := func(link linklayer.Type, snaplen uint32) []bpf.Instruction {
		if link != linklayer.Ethernet {
			t.Errorf("asked for a program for link type %d", link)
		}
		return []bpf.Instruction{
			bpf.LoadAbsolute{Off: 14, Size: 1},
			bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: 1, SkipFalse: 1},
			bpf.RetConstant{Val: snaplen},
			bpf.RetConstant{Val: 0},
		}
	}
	c := start(t, lan.host, on(), odd)
	send := sender(t, lan.wire)
	for i := range byte(8) {
		send(lan.frame(lan.hostMAC, 0x08, 0x00, i), lan.frame(stranger, 0x08, 0x00, i))
	}
	for _, want := range []byte{1, 3, 5, 7} {
		if got := c.next(t).Data[14]; got != want {
			t.Fatalf("packet %d was captured, want %d", got, want)
		}
	}
}

// TestNoKernelFilterForLinkType captures everything where the filter has no program.
func TestNoKernelFilterForLinkType(t *testing.T) {
	lan := newLAN(t)
	c := start(t, lan.host, on(), func(linklayer.Type, uint32) []bpf.Instruction { return nil })
	frame := lan.frame(lan.hostMAC, 0x08, 0x00, 1)
	sender(t, lan.wire)(frame)
	if diff := cmp.Diff(frame, c.next(t).Data); diff != "" {
		t.Errorf("frame (-sent +captured):\n%s", diff)
	}
}

// TestLost overruns a small ring, whose reader stands still meanwhile, for longer than between two
// looks at how much comes: every packet is either delivered or lost.
func TestLost(t *testing.T) {
	lan := newLAN(t)
	sent := 0
	delivered, goOn := make(chan int), make(chan struct{})
	c := &capture{log: new(logBuffer)}
	c.run(t, lan.host, on(func(s *pcap.Settings) { s.RingSize = 64 << 10 }), nil, func(batch []pipeline.Packet) {
		<-goOn
		delivered <- len(batch)
	})
	ptb := pipelinetest.PTB{DstMAC: lan.hostMAC}.Frame()
	send := sender(t, lan.wire)
	for begin := time.Now(); sent < 20000 || time.Since(begin) < 400*time.Millisecond; sent++ {
		send(ptb)
	}
	close(goOn)
	total := 0
	deadline := time.After(timeout)
	for total+int(c.source.Lost()) < sent {
		select {
		case n := <-delivered:
			total += n
		case <-deadline:
			t.Fatalf("%d sent, but only %d delivered and %d lost", sent, total, c.source.Lost())
		}
	}
	lost := int(c.source.Lost())
	c.stop()
	if total == 0 || lost == 0 || total+lost != sent || int(c.source.Lost()) != lost {
		t.Errorf("%d sent, %d delivered, %d lost, %d after the end", sent, total, lost, c.source.Lost())
	}
}
