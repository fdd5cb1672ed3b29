package flow_test

import (
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"github.com/pmtud/pmtud/filters/flow"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func TestPlugin(t *testing.T) {
	netns.Own(t)
	for _, tables := range []flow.Tables{{flow.Sockets}, {flow.Sockets, flow.Conntrack}} {
		t.Run(tables.String(), func(t *testing.T) {
			s := flow.Plugin().NewSettings().(*flow.Settings)
			s.Match, s.Tables = flow.Here, tables
			pipelinetest.TestFilter(t, flow.Plugin(), s)
		})
	}
}

// settings are the defaults with a change.
func settings(change func(s *flow.Settings)) flow.Settings {
	s := *flow.Plugin().NewSettings().(*flow.Settings)
	s.Match = flow.Here
	change(&s)
	return s
}

// open opens a filter in the process's own namespace.
func open(t *testing.T, s flow.Settings) pipeline.Filter {
	t.Helper()
	f, err := flow.New(s, pipelinetest.Env(t))
	netns.Must(t, err)
	netns.Must(t, f.(pipeline.Opener).Open(t.Context()))
	t.Cleanup(func() { netns.Must(t, f.(pipeline.Opener).Close()) })
	return f
}

// about returns a message about a packet from src to dst.
func about(src, dst netip.AddrPort) pipeline.Packet {
	m := pipelinetest.PTB{Target: src.Addr(), Client: dst.Addr(), SrcPort: src.Port(), DstPort: dst.Port()}
	if src.Addr().Is6() {
		m.Router = netip.MustParseAddr("2001:db8:ff::1")
	}
	return m.Packet(pipelinetest.Begin)
}

// withProtocol changes the protocol of the quoted packet.
func withProtocol(p pipeline.Packet, protocol byte) pipeline.Packet {
	p.Decode()
	if p.PTB == 6 {
		p.Quote()[6] = protocol
	} else {
		p.Quote()[9] = protocol
	}
	return p
}

const udp = 17

// pair is a connection between two sockets of this host.
type pair struct {
	server, client         netip.AddrPort
	serverConn, clientConn net.Conn
}

func tcpPair(t *testing.T, addr string) pair {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(addr, "0"))
	netns.Must(t, err)
	c := dial(t, l.Addr().String())
	s, err := l.Accept()
	netns.Must(t, err)
	t.Cleanup(func() { s.Close(); c.Close(); l.Close() })
	return pair{addrPort(c.RemoteAddr()), addrPort(c.LocalAddr()), s, c}
}

// dial connects to a listener of this host. For a moment after an address of IPv6 was added
// the kernel has no route to it.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		switch {
		case err == nil:
			return c
		case time.Now().After(end):
			t.Fatal(err)
		}
	}
}

func addrPort(a net.Addr) netip.AddrPort {
	ap := netip.MustParseAddrPort(a.String())
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// TestSockets asks about connections of this host, in both modes.
func TestSockets(t *testing.T) {
	ns := netns.Own(t)
	netns.Must(t, ns.Addr("lo", "192.0.2.1/32", "2001:db8::1/128"))
	t.Cleanup(func() { netns.Must(t, ns.DelAddr("lo", "192.0.2.1/32", "2001:db8::1/128")) })
	v4, v6 := tcpPair(t, "192.0.2.1"), tcpPair(t, "2001:db8::1")
	stranger4, stranger6 := netip.MustParseAddrPort("198.51.100.7:40000"), netip.MustParseAddrPort("[2001:db8:c::7]:40000")

	dual, err := net.Listen("tcp", "[::]:0") // also for IPv4
	netns.Must(t, err)
	t.Cleanup(func() { dual.Close() })
	mapped := dial(t, netip.AddrPortFrom(v4.server.Addr(), addrPort(dual.Addr()).Port()).String())
	t.Cleanup(func() { mapped.Close() })

	unconnected, err := net.ListenPacket("udp", "192.0.2.1:0")
	netns.Must(t, err)
	t.Cleanup(func() { unconnected.Close() })
	connected, err := net.Dial("udp", unconnected.LocalAddr().String())
	netns.Must(t, err)
	t.Cleanup(func() { connected.Close() })

	// The end that closes first is left in TIME-WAIT.
	closed := tcpPair(t, "192.0.2.1")
	for _, c := range []net.Conn{closed.clientConn, closed.serverConn} {
		netns.Must(t, c.Close())
	}

	for _, tt := range []struct {
		name    string
		message pipeline.Packet
		here    bool
	}{
		{"TIME-WAIT", about(closed.client, closed.server), false},
		{"a listener's port", about(v4.server, netip.AddrPortFrom(v4.client.Addr(), 1)), false},
		{"IPv4", about(v4.server, v4.client), true},
		{"IPv6", about(v6.server, v6.client), true},
		{"the client's end", about(v4.client, v4.server), true},
		{"IPv4 over a socket of IPv6", about(addrPort(mapped.RemoteAddr()), addrPort(mapped.LocalAddr())), true},
		{"another client, IPv4", about(v4.server, stranger4), false},
		{"another client, IPv6", about(v6.server, stranger6), false},
		{"another port", about(netip.AddrPortFrom(v4.server.Addr(), 1), v4.client), false},
		{"UDP of the same numbers", withProtocol(about(v4.server, v4.client), udp), false},
		{"connected UDP", withProtocol(about(addrPort(connected.LocalAddr()), addrPort(connected.RemoteAddr())), udp), true},
		{"unconnected UDP", withProtocol(about(addrPort(unconnected.LocalAddr()), stranger4), udp), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			here, elsewhere := flow.NoFlow, pipeline.Pass
			if tt.here {
				here, elsewhere = pipeline.Pass, flow.FlowHere
			}
			for match, want := range map[flow.Match]pipeline.Reason{flow.Here: here, flow.Elsewhere: elsewhere} {
				f := open(t, settings(func(s *flow.Settings) { s.Match = match }))
				for range 2 { // the second time from the cache
					p := tt.message
					if got := pipelinetest.Decide(f, &p); got != want {
						t.Errorf("%s: reason %d, want %d", match, got, want)
					}
				}
				if n := measured(f, "queries"); n != 1 {
					t.Errorf("%s: %v questions, want 1", match, n)
				}
			}
		})
	}
}

// measured returns a figure of the filter.
func measured(f pipeline.Filter, name string) (value float64) {
	f.(pipeline.Measurer).Measure(func(metric int, _ string, v float64) {
		if strings.HasPrefix(flow.Plugin().Metrics[metric].Name, name) {
			value = v
		}
	})
	return value
}

// TestConntrack asks about a connection that only conntrack knows: its sockets are in
// another namespace's hands, here gone.
func TestConntrack(t *testing.T) {
	ns := netns.Own(t)
	netns.Must(t, ns.Addr("lo", "192.0.2.3/32", "2001:db8::3/128"), trackAll())
	t.Cleanup(func() { netns.Must(t, ns.DelAddr("lo", "192.0.2.3/32", "2001:db8::3/128")) })
	for _, addr := range []string{"192.0.2.3", "2001:db8::3"} {
		t.Run(addr, func(t *testing.T) {
			l, err := net.Listen("tcp", net.JoinHostPort(addr, "0"))
			netns.Must(t, err)
			c := dial(t, l.Addr().String())
			server, client := addrPort(c.RemoteAddr()), addrPort(c.LocalAddr())
			netns.Must(t, c.(*net.TCPConn).SetLinger(0), l.Close())

			both := settings(func(s *flow.Settings) { s.Tables = flow.Tables{flow.Sockets, flow.Conntrack} })
			f := open(t, both)
			for i, tt := range []struct {
				src, dst netip.AddrPort
				want     pipeline.Reason
			}{
				{server, client, pipeline.Pass},
				{client, server, pipeline.Pass}, // the other direction
				{server, netip.AddrPortFrom(client.Addr(), client.Port()+1), flow.NoFlow},
			} {
				p := about(tt.src, tt.dst)
				if got := pipelinetest.Decide(f, &p); got != tt.want {
					t.Errorf("message %d: reason %d, want %d", i, got, tt.want)
				}
			}
			c.Close()
		})
	}
}

// trackAll has netfilter track what comes in: it does so only where a rule asks for it.
func trackAll() error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: "track"})
	chain := c.AddChain(&nftables.Chain{
		Name: "in", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter,
	})
	c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
		&expr.Ct{Key: expr.CtKeySTATE, Register: 1}, &expr.Counter{},
	}})
	return c.Flush()
}

// TestMessagesWithoutFlow checks what is not looked up at all.
func TestMessagesWithoutFlow(t *testing.T) {
	netns.Own(t)
	src, dst := netip.MustParseAddrPort("192.0.2.1:443"), netip.MustParseAddrPort("198.51.100.7:40000")
	fragment := about(src, dst)
	fragment.Decode()
	fragment.Quote()[7] = 1 // fragment offset
	empty := about(src, dst)
	empty.Decode()
	empty.Data = empty.Data[:empty.ICMP+8]
	for _, tt := range []struct {
		name            string
		message         pipeline.Packet
		here, elsewhere pipeline.Reason
	}{
		{"GRE", withProtocol(about(src, dst), 47), pipeline.Pass, pipeline.Pass},
		{"a later fragment", fragment, flow.NoFlow, pipeline.Pass},
		{"nothing quoted", empty, flow.NoFlow, pipeline.Pass},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for match, want := range map[flow.Match]pipeline.Reason{flow.Here: tt.here, flow.Elsewhere: tt.elsewhere} {
				f := open(t, settings(func(s *flow.Settings) { s.Match = match }))
				p := tt.message
				if got := pipelinetest.Decide(f, &p); got != want {
					t.Errorf("%s: reason %d, want %d", match, got, want)
				}
				if n := measured(f, "queries"); n != 0 {
					t.Errorf("%s: %v questions", match, n)
				}
			}
		})
	}
}

// TestOverload asks more than is allowed.
func TestOverload(t *testing.T) {
	netns.Own(t)
	src := netip.MustParseAddrPort("192.0.2.1:443")
	for overload, want := range map[flow.Overloaded]pipeline.Reason{
		flow.PassOnOverload: pipeline.Pass, flow.DropOnOverload: flow.Overload,
	} {
		f := open(t, settings(func(s *flow.Settings) { s.Queries, s.Overload = 1, overload }))
		for i, step := range []struct {
			port uint16
			at   pipeline.Instant
			want pipeline.Reason
		}{
			{1, 0, flow.NoFlow},
			{2, 0, want}, // no question is left
			{1, 0, flow.NoFlow},
			{2, pipeline.Instant(time.Second), flow.NoFlow},
			{1, pipeline.Instant(time.Second), want}, // the answer is too old
		} {
			p := about(src, netip.AddrPortFrom(netip.MustParseAddr("198.51.100.7"), step.port))
			p.Time += step.at
			if got := pipelinetest.Decide(f, &p); got != step.want {
				t.Errorf("%s, step %d: reason %d, want %d", overload, i, got, step.want)
			}
		}
		if n := measured(f, "unknown"); n != 2 {
			t.Errorf("%v unknown, want 2", n)
		}
	}
}

// TestQueriesOfTwoTables counts each look into a table.
func TestQueriesOfTwoTables(t *testing.T) {
	netns.Own(t)
	f := open(t, settings(func(s *flow.Settings) {
		s.Queries, s.Tables, s.Overload = 10, flow.Tables{flow.Sockets, flow.Conntrack}, flow.DropOnOverload
	}))
	src := netip.MustParseAddrPort("192.0.2.1:443")
	for i := range 30 {
		p := about(src, netip.AddrPortFrom(netip.MustParseAddr("198.51.100.7"), uint16(i)))
		want := flow.NoFlow
		if i >= 9 { // 19 are allowed at once
			want = flow.Overload
		}
		if got := pipelinetest.Decide(f, &p); got != want {
			t.Errorf("flow %d: reason %d, want %d", i, got, want)
		}
	}
	if n := measured(f, "queries"); n != 19 {
		t.Errorf("%v lookups, want 19", n)
	}
}

// TestReplay checks that a filter that was not opened asks nobody.
func TestReplay(t *testing.T) {
	f, err := flow.New(settings(func(*flow.Settings) {}), pipelinetest.Env(t))
	netns.Must(t, err)
	p := about(netip.MustParseAddrPort("192.0.2.1:443"), netip.MustParseAddrPort("198.51.100.7:40000"))
	if got := pipelinetest.Decide(f, &p); got != pipeline.Pass {
		t.Errorf("reason %d", got)
	}
	want := "flow 192.0.2.1:443 to 198.51.100.7:40000, looked up in sockets by the daemon; here all pass"
	if got := f.(pipeline.Explainer).Explain(&p); got != want {
		t.Errorf("explanation %q, want %q", got, want)
	}
}

func TestSettings(t *testing.T) {
	for _, tt := range []struct {
		name   string
		tables flow.Tables
		want   string
	}{
		{"one", flow.Tables{flow.Conntrack}, ""},
		{"none", flow.Tables{}, "tables: is empty; list sockets, conntrack or both"},
		{"twice", flow.Tables{flow.Sockets, flow.Sockets}, "tables: lists sockets twice"},
	} {
		got := ""
		if _, err := flow.New(settings(func(s *flow.Settings) { s.Tables = tt.tables }), pipeline.Env{Log: slog.New(slog.DiscardHandler)}); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestNeeds wants each table's protocol of netlink to be kept by a confined process.
func TestNeeds(t *testing.T) {
	for table, want := range map[flow.Table]string{flow.Sockets: "NETLINK_SOCK_DIAG", flow.Conntrack: "NETLINK_NETFILTER"} {
		f, err := flow.New(settings(func(s *flow.Settings) { s.Tables = flow.Tables{table} }), pipelinetest.Env(t))
		if err != nil {
			t.Fatal(err)
		}
		needs := f.(pipeline.HostUser).Needs()
		if got := needs.Netlink; !slices.Equal(got, []string{want}) {
			t.Errorf("%s needs %v, want %s", table, got, want)
		}
		if got := slices.Contains(needs.Capabilities, "CAP_NET_ADMIN"); got != (table == flow.Conntrack) {
			t.Errorf("%s needs %v", table, needs.Capabilities)
		}
	}
}

// BenchmarkFilter measures a question and a cached answer.
func BenchmarkFilter(b *testing.B) {
	netns.Require(b)
	for _, bm := range []struct {
		name  string
		cache time.Duration
	}{{"asked", 0}, {"cached", time.Minute}} {
		b.Run(bm.name, func(b *testing.B) {
			f, err := flow.New(settings(func(s *flow.Settings) { s.Queries, s.Cache = 1e6, bm.cache }), pipelinetest.Env(b))
			netns.Must(b, err, f.(pipeline.Opener).Open(b.Context()))
			defer f.(pipeline.Opener).Close()
			p := about(netip.MustParseAddrPort("192.0.2.1:443"), netip.MustParseAddrPort("198.51.100.7:40000"))
			p.Decode()
			b.ReportAllocs()
			for b.Loop() {
				p.Clock += pipeline.Instant(time.Second)
				f.Filter(&p)
			}
		})
	}
}
