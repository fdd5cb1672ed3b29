package threat_test

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/gopacket/layers"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

var pmtud = programtest.Flag()

func TestMain(m *testing.M) { os.Exit(programtest.Run(m, pmtud)) }

const servers = 3

// attack is one forged message, and how many of three servers believe it: without pmtud
// the one that it was sent to at most.
type attack struct {
	name                         string
	forge                        func(c *cluster, f *forged)
	alone4, alone6               int // without pmtud
	compat4, compat6             int
	recommended4, recommended6   int
	passesCompat, passesProposed bool // so that copies are sent
}

var attacks = []attack{
	{
		name: "ICMP echo reply", forge: quoting(icmp(0), icmp(129), layers.IPProtocolICMPv4, layers.IPProtocolICMPv6),
		alone4: 1, alone6: 1, compat4: servers, compat6: servers, recommended4: 1, recommended6: 1, passesCompat: true,
	},
	{
		name: "ICMP echo request", forge: quoting(icmp(8), icmp(128), layers.IPProtocolICMPv4, layers.IPProtocolICMPv6),
		alone6: 1, compat6: servers, recommended6: 1, passesCompat: true, // IPv4 looks for the socket of a ping
	},
	{
		name: "UDP, listed port", forge: both(udp(listedPort, 50000), layers.IPProtocolUDP),
		alone4: 1, alone6: 1, compat4: servers, compat6: servers, recommended4: servers, recommended6: servers,
		passesCompat: true, passesProposed: true,
	},
	{
		name: "UDP, another port", forge: both(udp(unlistedPort, 50000), layers.IPProtocolUDP),
		alone4: 1, alone6: 1, compat4: servers, compat6: servers, recommended4: 1, recommended6: 1, passesCompat: true,
	},
	{name: "GRE", forge: both(make([]byte, 16), layers.IPProtocolGRE), passesCompat: true},
	{name: "TCP, no connection", forge: both(tcp(listedPort, 50000, 1), layers.IPProtocolTCP), passesCompat: true, passesProposed: true},
	{name: "TCP, wrong sequence number", forge: connection(1 << 30), passesCompat: true, passesProposed: true},
	{
		name: "TCP, right sequence number", forge: connection(0),
		compat4: 1, compat6: 1, recommended4: 1, recommended6: 1, passesCompat: true, passesProposed: true,
	},
}

// quoting quotes another protocol for each family.
func quoting(transport4, transport6 []byte, proto4, proto6 layers.IPProtocol) func(*cluster, *forged) {
	return func(c *cluster, f *forged) {
		f.transport, f.proto = append(transport4, make([]byte, 24)...), proto4
		if c.VIP.Is6() {
			f.transport, f.proto = append(transport6, make([]byte, 24)...), proto6
		}
	}
}

func both(transport []byte, proto layers.IPProtocol) func(*cluster, *forged) {
	return quoting(transport, transport, proto, proto)
}

// connection quotes the victim's connection, with a number that is off.
func connection(off uint32) func(*cluster, *forged) {
	return func(c *cluster, f *forged) {
		f.client, f.proto = c.connection.Addr(), layers.IPProtocolTCP
		f.transport = tcp(listedPort, c.connection.Port(), c.sequence+off)
	}
}

// floods are attacks with many clients.
var floods = []struct {
	name string
	attack
}{
	{"1,000 about echo replies", attacks[0]},
	{"1,000 about UDP, listed port", attacks[2]},
}

// TestAttacks attacks a cluster in each mode, and prints the table.
func TestAttacks(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	netns.Require(t)
	for _, family := range []lab.Family{lab.IPv4, lab.IPv6} {
		t.Run(family.String(), func(t *testing.T) {
			var table table
			t.Run("nothing", func(t *testing.T) { table.add(inMode(t, family, mode{name: "without"})) })
			for _, m := range modes {
				t.Run(m.name, func(t *testing.T) { table.add(inMode(t, family, m)) })
			}
			t.Logf("forged %v messages to one of %d servers: how many believe them, packets sent for one\n%s", family, servers, &table)
		})
	}
}

// inMode makes all attacks in a mode and returns its column.
func inMode(t *testing.T, family lab.Family, m mode) column {
	t.Helper()
	c := newCluster(t, family)
	stop := func() {}
	if m.arguments != nil {
		stop = c.start(t, *pmtud, m)
	}
	col := column{name: m.name}
	for i, a := range attacks {
		f := forged{service: c.VIP, client: client(family, 100+i)}
		a.forge(c, &f)
		before := c.sent(f.client)
		c.send(t, f)
		if m.arguments != nil {
			c.drain(t, m, client(family, 200+i))
		}
		want := a.want(family, m)
		got := c.settle(t, f.client, want)
		copies := c.sent(f.client) - before
		if got != want {
			t.Errorf("%s: %d servers believe it, want %d", a.name, got, want)
		}
		if copies != a.copies(m) {
			t.Errorf("%s: %d packets sent for one, want %d", a.name, copies, a.copies(m))
		}
		col.cells = append(col.cells, fmt.Sprintf("%d, sent %d", got, copies))
	}
	for i, f := range floods {
		clients := c.flood(t, f.attack, i)
		if i == len(floods)-1 {
			stop() // which is when all has been sent
		}
		col.entries = append(col.entries, clients)
	}
	for i, clients := range col.entries {
		n := c.entries(t, 2, clients)
		if i == 0 && (m.recommended || m.arguments == nil) && n > 0 {
			t.Errorf("%s: another server got %d entries", floods[i].name, n)
		}
		col.cells = append(col.cells, fmt.Sprintf("%d entries", n))
	}
	return col
}

// want returns how many servers are to believe an attack in a mode.
func (a attack) want(family lab.Family, m mode) int {
	switch {
	case m.arguments == nil && family == lab.IPv4:
		return a.alone4
	case m.arguments == nil:
		return a.alone6
	case m.recommended && family == lab.IPv4:
		return a.recommended4
	case m.recommended:
		return a.recommended6
	case family == lab.IPv4:
		return a.compat4
	}
	return a.compat6
}

// copies returns how many packets an attack makes the servers send.
func (a attack) copies(m mode) int {
	if m.recommended && a.passesProposed || !m.recommended && a.passesCompat {
		return m.copies
	}
	return 0
}

// client returns an address behind the router that nobody has.
func client(family lab.Family, n int) netip.Addr {
	if family == lab.IPv6 {
		return must(netip.AddrFromSlice(addrOf("2001:db8:c::", n)))
	}
	return must(netip.AddrFromSlice(addrOf("198.18.0.0", n)))
}

func must(addr netip.Addr, ok bool) netip.Addr {
	if !ok {
		panic("no address")
	}
	return addr
}

// drain waits until server 0 has sent copies of a message that passes in all modes:
// then it is done with all before.
func (c *cluster) drain(t *testing.T, m mode, client netip.Addr) {
	t.Helper()
	last := forged{service: c.VIP, client: client}
	both(tcp(listedPort, 50001, 1), layers.IPProtocolTCP)(c, &last)
	c.send(t, last)
	for deadline := time.Now().Add(timeout); c.sent(client) < m.copies; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d copies of a message that passes, want %d", c.sent(client), m.copies)
		}
	}
}

// settle waits until so many servers believe what they were told of a client, and
// returns how many do in the end.
func (c *cluster) settle(t *testing.T, client netip.Addr, want int) int {
	t.Helper()
	got := c.believers(t, client)
	for deadline := time.Now().Add(timeout); got < want && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		got = c.believers(t, client)
	}
	return got
}

// flood sends a thousand messages of an attack, each about another client, and returns
// the clients.
func (c *cluster) flood(t *testing.T, a attack, number int) (clients []netip.Addr) {
	t.Helper()
	for i := range 1000 {
		f := forged{service: c.VIP, client: client(c.Config.Family, 10_000*(1+number)+i)}
		a.forge(c, &f)
		c.send(t, f)
		clients = append(clients, f.client)
	}
	return clients
}

// table is what is printed.
type table struct {
	mu      sync.Mutex
	columns []column
}

type column struct {
	name    string
	cells   []string
	entries [][]netip.Addr // clients of floods
}

func (t *table) add(c column) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.columns = append(t.columns, c)
}

// String returns the table with a mode in each line, and attacks by number.
func (t *table) String() string {
	var text strings.Builder
	for i, a := range attacks {
		fmt.Fprintf(&text, "  %d: %s\n", i+1, a.name)
	}
	for i, f := range floods {
		fmt.Fprintf(&text, "  %d: %s, on another server\n", len(attacks)+i+1, f.name)
	}
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "mode")
	for i := range len(attacks) + len(floods) {
		fmt.Fprintf(w, "\t%d", i+1)
	}
	fmt.Fprintln(w)
	for _, c := range t.columns {
		fmt.Fprintf(w, "%s\t%s\n", c.name, strings.Join(c.cells, "\t"))
	}
	_ = w.Flush() // to memory
	return text.String()
}
