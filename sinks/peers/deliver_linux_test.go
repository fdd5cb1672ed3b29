package peers_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/peers"
)

func TestPluginSends(t *testing.T) {
	newLAN(t).host("peer", "10.99.0.2/24", "fd99::2/64")
	pipelinetest.TestSink(t, peers.Plugin(), settings(t, "10.99.0.2", "10.99.0.9", "192.0.2.9", "fd99::2", "fd99::9"))
}

// TestEachPeerStandsForItself has live peers among ones that can't be reached in
// every way there is.
func TestEachPeerStandsForItself(t *testing.T) {
	for _, tc := range []struct {
		name  string
		ipv6  bool
		bad   []string // routes that refuse, in the order of types below
		peers []string
		want  []string
	}{
		{
			"IPv4", false,
			[]string{"198.51.100.1/32", "198.51.100.2/32", "198.51.100.3/32"},
			[]string{"198.51.100.1", "10.99.0.2", "10.99.0.99", "198.51.100.2", "198.51.100.3", "192.0.2.9", "10.99.0.3", "10.99.0.98"},
			[]string{
				"198.51.100.1 sent=0 prohibited=20", "10.99.0.2 sent=20", "10.99.0.99 sent=20",
				"198.51.100.2 sent=0 no-route=20", "198.51.100.3 sent=0 no-route=20", "192.0.2.9 sent=0 no-route=20",
				"10.99.0.3 sent=20", "10.99.0.98 sent=20",
			},
		},
		{
			"IPv6", true,
			[]string{"2001:db8::1/128", "2001:db8::2/128", "2001:db8::3/128"},
			[]string{"2001:db8::1", "fd99::2", "fd99::99", "2001:db8::2", "2001:db8::3", "2001:db8:9::9", "fd99::3", "fd99::98"},
			[]string{
				"2001:db8::1 sent=0 prohibited=20", "fd99::2 sent=20", "fd99::99 sent=20",
				"2001:db8::2 sent=0 no-route=20", "2001:db8::3 sent=0 no-route=20", "2001:db8:9::9 sent=0 no-route=20",
				"fd99::3 sent=20", "fd99::98 sent=20",
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := newLAN(t)
			captures := []*capture{
				newCapture(t, l.host("peer2", "10.99.0.2/24", "fd99::2/64")),
				newCapture(t, l.host("peer3", "10.99.0.3/24", "fd99::3/64")),
			}
			for i, kind := range []int{unix.RTN_PROHIBIT, unix.RTN_BLACKHOLE, unix.RTN_UNREACHABLE} {
				homeRoute(t, tc.bad[i], netlink.Route{Type: kind})
			}
			sink := openFor(t, tc.peers...)
			for i := range 20 {
				if got := deliver(sink, ptb(tc.ipv6, uint32(1300+i))); got != "" {
					t.Errorf("message %d: %s", i, got)
				}
			}
			for _, c := range captures {
				for i, a := range c.next(20) {
					if a.mtu() != 1300+i {
						t.Errorf("message %d has MTU %d", i, a.mtu())
					}
				}
			}
			if diff := cmp.Diff(tc.want, counters(sink)); diff != "" {
				t.Errorf("counters (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMetrics has a peer that gets everything, one that gets nothing, one that is
// listed twice and this host itself.
func TestMetrics(t *testing.T) {
	newLAN(t).host("two", "10.99.0.2/24")
	sink := openFor(t, "10.99.0.2", "198.51.100.1", "10.99.0.2", "10.99.0.1", "fd99::2")
	for range 3 {
		deliver(sink, ptb(false, 1400))
	}
	var got []string
	sink.Measure(func(metric int, label string, value float64) {
		got = append(got, fmt.Sprintf("%s{%s} %v", peers.Plugin().Metrics[metric].Name, label, value))
	})
	want := []string{
		"sent_messages_total{10.99.0.2} 3", "failed_messages_total{10.99.0.2} 0", "addresses{10.99.0.2} 1",
		"sent_messages_total{198.51.100.1} 0", "failed_messages_total{198.51.100.1} 3", "addresses{198.51.100.1} 1",
		"sent_messages_total{10.99.0.1} 0", "failed_messages_total{10.99.0.1} 0", "addresses{10.99.0.1} 0",
		"sent_messages_total{fd99::2} 0", "failed_messages_total{fd99::2} 0", "addresses{fd99::2} 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// TestDeadNeighbours sends so much to dead hosts that what the kernel holds back
// for them, up to net.ipv4.neigh.default.unres_qlen_bytes for each, would fill a
// send buffer of the default size. Three are what a socket can bear where
// net.core.wmem_max is the least that systems have.
func TestDeadNeighbours(t *testing.T) {
	const dead, messages = 3, 500
	for _, family := range benchFamilies {
		t.Run(family.name, func(t *testing.T) {
			c := newCapture(t, newLAN(t).host("peer", "10.99.0.2/24", "fd99::2/64"))
			list, live := firstOf("10.99.0.100/24", dead), "10.99.0.2"
			if family.ipv6 {
				list, live = firstOf("fd99::1:0/112", dead), "fd99::2"
			}
			deliver(openFor(t, live), ptb(family.ipv6, 1400))
			c.next(1) // its hardware address is known now
			sink := openFor(t, append(list, live)...)
			started := time.Now()
			for range messages {
				if got := deliver(sink, ptb(family.ipv6, 1400)); got != "" {
					t.Fatal(got)
				}
			}
			t.Logf("%v for a message to %d dead peers and a live one", time.Since(started)/messages, dead)
			c.next(messages)
			if got, want := counters(sink)[dead], fmt.Sprintf("%s sent=%d", live, messages); got != want {
				t.Errorf("live peer: %s, want %s", got, want)
			}
		})
	}
}

func TestOwnAddressesAndDuplicatesAreSkipped(t *testing.T) {
	l := newLAN(t)
	c := newCapture(t, l.host("peer", "10.99.0.2/24", "fd99::2/64"))
	sink := openFor(t, "10.99.0.1", "127.0.0.1", "127.9.9.9", "10.99.0.2", "::ffff:10.99.0.2", "fd99::1", "::1", "FD99:0::2", "fd99::2")
	for _, ipv6 := range []bool{false, true} {
		if got := deliver(sink, ptb(ipv6, 1301)); got != "" {
			t.Error(got)
		}
		deliver(sink, ptb(ipv6, 1302))
	}
	if diff := cmp.Diff([]int{1301, 1302, 1301, 1302}, c.mtus(4)); diff != "" {
		t.Errorf("MTUs (-want +got):\n%s", diff)
	}
	want := []string{
		"10.99.0.1 sent=0", "127.0.0.1 sent=0", "127.9.9.9 sent=0", "10.99.0.2 sent=2", "10.99.0.2 sent=0",
		"fd99::1 sent=0", "::1 sent=0", "fd99::2 sent=2", "fd99::2 sent=0",
	}
	if diff := cmp.Diff(want, counters(sink)); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

// TestNewOwnAddress gives this host a peer's address while the sink runs.
func TestNewOwnAddress(t *testing.T) {
	newLAN(t)
	log := new(logBuffer)
	env := pipelinetest.Env(t)
	env.Log = log.logger()
	s := settings(t, "10.99.0.7")
	s.Refresh = time.Second
	sink := open(t, s, env)
	if got := deliver(sink, ptb(false, 1400)); got != "" {
		t.Errorf("before: %s", got)
	}
	homeAddr(t, "10.99.0.7/24")
	pipelinetest.Eventually(t, func() bool { return deliver(sink, ptb(false, 1400)) == "no-peers" })
	pipelinetest.Eventually(t, func() bool { return log.count("peers skipped") == 1 && log.count("10.99.0.7 is this host's own") == 1 })
}

func TestReasons(t *testing.T) {
	newLAN(t).host("peer", "10.99.0.2/24")
	homeAddr(t, "192.0.2.80/32") // a service's, which peers have too
	homeAddr(t, "2001:db8::80/128")
	both := openFor(t, "10.99.0.2", "10.99.0.3", "fd99::2", "10.99.0.1")
	ipv4 := openFor(t, "10.99.0.2")
	ipv6 := openFor(t, "fd99::2")
	own := openFor(t, "10.99.0.1", "fd99::1")
	nowhere := openFor(t, "203.0.113.9")
	from := func(router, target string) pipeline.Packet {
		m := pipelinetest.PTB{Router: netip.MustParseAddr(router), Target: netip.MustParseAddr(target)}
		return m.Packet(pipelinetest.Begin)
	}
	change := func(p pipeline.Packet, offset int, octet byte) pipeline.Packet {
		p.Data[offset] = octet
		return p
	}
	for _, tc := range []struct {
		name   string
		sink   *peers.Sink
		packet pipeline.Packet
		want   string
	}{
		{"sound", both, ptb(false, 1400), ""},
		{"from a peer", both, from("10.99.0.3", "192.0.2.80"), "from-peer"},
		{"from an IPv6 peer", both, from("fd99::2", "2001:db8::80"), "from-peer"},
		{"from an own address that is listed", both, from("10.99.0.1", "192.0.2.81"), "from-peer"},
		{"from a shared address to an own one", both, from("192.0.2.80", "10.99.0.1"), "from-peer"},
		{"from a shared address to an own one, neither listed", ipv4, from("192.0.2.80", "10.99.0.1"), "from-peer"},
		{"from a shared IPv6 address to an own one, neither listed", ipv6, from("2001:db8::80", "fd99::1"), "from-peer"},
		{"from elsewhere to an own address", ipv4, from("203.0.113.1", "10.99.0.1"), ""},
		{"from elsewhere to a shared address", ipv4, from("203.0.113.1", "192.0.2.80"), ""},
		{"from an own address to another", both, from("192.0.2.80", "192.0.2.81"), ""},
		{"from an own address to a peer", ipv4, from("10.99.0.1", "10.99.0.2"), "from-peer"}, // our own copy
		{"from an own IPv6 address to a peer", ipv6, from("fd99::1", "fd99::2"), "from-peer"},
		{"from elsewhere to a peer", ipv4, from("203.0.113.1", "10.99.0.2"), ""},
		{"from a peer's bytes in IPv6", both, from("::ffff:10.99.0.2", "2001:db8::80"), ""},
		{"from a peer with TTL 1", both, change(from("10.99.0.2", "192.0.2.80"), 14+8, 1), "from-peer"},
		{"to an own address about another", ipv4, change(from("203.0.113.1", "10.99.0.1"), 14+28+15, 7), "from-peer"},
		{"to an own IPv6 address about another", ipv6, change(from("2001:db8:f::1", "fd99::1"), 14+48+23, 7), "from-peer"},
		{"to a shared address about another", ipv4, change(from("203.0.113.1", "192.0.2.80"), 14+28+15, 7), "from-peer"},
		{"elsewhere about another", ipv4, change(from("203.0.113.1", "192.0.2.81"), 14+28+15, 7), ""},
		{"repeated", both, ptb(false, 1400), ""},
		{"went round", both, change(ptb(false, 1400), 14+8, 59), "went-round"},
		{"went round with new addresses", both, change(from("203.0.113.77", "192.0.2.1"), 14+8, 3), "went-round"},
		{"went round in IPv6", both, change(ptb(true, 1402), 14+7, 61), ""},
		{"went round in IPv6, again", both, ptb(true, 1402), "went-round"},
		{"TTL 2", both, change(ptb(false, 1401), 14+8, 2), ""},
		{"TTL 1", both, change(ptb(false, 1400), 14+8, 1), "ttl-expired"},
		{"TTL 0", both, change(ptb(false, 1400), 14+8, 0), "ttl-expired"},
		{"hop limit 1", both, change(ptb(true, 1400), 14+7, 1), "ttl-expired"},
		{"hop limit 0", both, change(ptb(true, 1400), 14+7, 0), "ttl-expired"},
		{"IPv6 without IPv6 peers", ipv4, ptb(true, 1400), "no-peers"},
		{"IPv4 without IPv4 peers", ipv6, ptb(false, 1400), "no-peers"},
		{"all peers are this host", own, ptb(false, 1400), "no-peers"},
		{"no route to any peer", nowhere, ptb(false, 1400), "send-failed"},
		{"echo request", both, change(ptb(false, 1400), 34, 8), "not-ptb"},
		{"wrong IP version", both, change(ptb(false, 1400), 14, 0x55), "not-ptb"},
		{"short IPv4 header", both, pipeline.Packet{
			Data: []byte{0x42, 0, 0, 20, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, LinkType: linklayer.IPv4,
		}, "not-ptb"},
		{"cut by the capture", both, pipeline.Packet{Data: ptb(false, 1400).Data[:60], Length: 61, LinkType: linklayer.Ethernet}, "truncated"},
		{"cut in the ICMP header", both, pipeline.Packet{Data: ptb(false, 1400).Data[:41], Length: 41, LinkType: linklayer.Ethernet}, "truncated"},
		{"empty", both, pipeline.Packet{LinkType: linklayer.Ethernet}, "not-ptb"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := deliver(tc.sink, tc.packet); got != tc.want {
				t.Errorf("reason %q, want %q", got, tc.want)
			}
		})
	}
}

func TestTooLong(t *testing.T) {
	newLAN(t)
	for _, ipv6 := range []bool{false, true} {
		sink := openFor(t, "10.99.0.2", "fd99::2")
		p := ptb(ipv6, 1400)
		p.Data = append(p.Data, make([]byte, 1<<16)...)
		p.Data[16], p.Data[17] = 0, 0 // an IPv4 length of 0, or of IPv6 no flow label
		p.Data[18], p.Data[19] = 0, 0 // an IPv6 payload length of 0
		p.Length = len(p.Data)
		if got := deliver(sink, p); got != "send-failed" {
			t.Errorf("reason %q", got)
		}
		if got := strings.Join(counters(sink), "; "); !strings.Contains(got, "too-long=1") {
			t.Errorf("counters: %s", got)
		}
	}
}

// TestInterfaceComesBack takes the link down, and up again.
func TestInterfaceComesBack(t *testing.T) {
	c := newCapture(t, newLAN(t).host("peer", "10.99.0.2/24"))
	sink := openFor(t, "10.99.0.2")
	deliver(sink, ptb(false, 1301))
	netns.Must(t, netlink.LinkSetDown(home(t)))
	if got := deliver(sink, ptb(false, 1302)); got != "send-failed" {
		t.Errorf("down: reason %q", got)
	}
	netns.Must(t, netlink.LinkSetUp(home(t)))
	pipelinetest.Eventually(t, func() bool { return deliver(sink, ptb(false, 1303)) == "" })
	if diff := cmp.Diff([]int{1301, 1303}, c.mtus(2)); diff != "" {
		t.Errorf("MTUs (-want +got):\n%s", diff)
	}
}

// TestQueueFull has an interface that drops packets on transmission: a veth whose
// other end takes no packet of their length.
func TestQueueFull(t *testing.T) {
	for _, tc := range []struct {
		name, peer string
		ipv6       bool
	}{{"IPv4", "10.99.0.2", false}, {"IPv6", "fd99::2", true}} {
		t.Run(tc.name, func(t *testing.T) {
			host := netns.NewTest(t, "peer")
			homeVeth(t, host, "eth0")
			homeNeighbour(t, tc.peer)
			sink := openFor(t, tc.peer)
			netns.Must(t, host.SetMTU("eth0", 68))
			if got := deliver(sink, ptb(tc.ipv6, 1301)); got != "send-failed" {
				t.Errorf("reason %q", got)
			}
			netns.Must(t, host.SetMTU("eth0", 1500))
			c := newCapture(t, host)
			if got := deliver(sink, ptb(tc.ipv6, 1302)); got != "" {
				t.Errorf("reason %q", got)
			}
			c.next(1)
			if diff := cmp.Diff([]string{tc.peer + " sent=1 queue-full=1"}, counters(sink)); diff != "" {
				t.Errorf("counters (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPacketFilter has a packet filter drop what the host sends, and let it go again.
func TestPacketFilter(t *testing.T) {
	l := newLAN(t)
	for _, tc := range []struct {
		name, peer, prefix string
		ipv6               bool
	}{{"IPv4", "10.99.0.2", "10.99.0.2/24", false}, {"IPv6", "fd99::2", "fd99::2/64", true}} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCapture(t, l.host("peer-"+tc.name, tc.prefix))
			sink := openFor(t, tc.peer)
			table := dropOutput(t)
			for range 3 {
				if got := deliver(sink, ptb(tc.ipv6, 1301)); got != "send-failed" {
					t.Errorf("reason %q", got)
				}
			}
			deleteTable(t, table)
			pipelinetest.Eventually(t, func() bool { return deliver(sink, ptb(tc.ipv6, 1302)) == "" })
			if diff := cmp.Diff([]int{1302}, c.mtus(1)); diff != "" {
				t.Errorf("MTUs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{tc.peer + " sent=1 prohibited=3"}, counters(sink)); diff != "" {
				t.Errorf("counters (-want +got):\n%s", diff)
			}
		})
	}
}

// dropOutput has the process's own namespace send nothing.
func dropOutput(t testing.TB) *nftables.Table {
	t.Helper()
	c, err := nftables.New()
	netns.Must(t, err)
	drop := nftables.ChainPolicyDrop
	table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: "test"})
	c.AddChain(&nftables.Chain{
		Name: "output", Table: table, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookOutput,
		Priority: nftables.ChainPriorityFilter, Policy: &drop,
	})
	netns.Must(t, c.Flush())
	return table
}

func deleteTable(t testing.TB, table *nftables.Table) {
	t.Helper()
	c, err := nftables.New()
	netns.Must(t, err)
	c.DelTable(table)
	netns.Must(t, c.Flush())
}

// homeNeighbour gives a peer a hardware address that no one has.
func homeNeighbour(t testing.TB, peer string) {
	t.Helper()
	netns.Must(t, netlink.NeighSet(&netlink.Neigh{
		LinkIndex: home(t).Attrs().Index, State: netlink.NUD_PERMANENT,
		IP: net.ParseIP(peer), HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 99},
	}))
}

func TestCloseLogsPeersThatMissedMessages(t *testing.T) {
	newLAN(t)
	log := new(logBuffer)
	env := pipelinetest.Env(t)
	env.Log = log.logger()
	sink := open(t, settings(t, "192.0.2.9", "10.99.0.2", "192.0.2.8"), env)
	deliver(sink, ptb(false, 1400))
	netns.Must(t, sink.Close())
	if got := log.count("peer missed messages"); got != 2 {
		t.Errorf("%d lines, want 2:\n%s", got, log)
	}
	if log.count("peer=192.0.2.9 sent=0 failed.no-route=1") != 1 {
		t.Errorf("log: %s", log)
	}
}
