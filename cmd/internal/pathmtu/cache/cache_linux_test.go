package cache_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/cache"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/netspace"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/pathlab"
	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

var program = programtest.Flag()

func TestMain(m *testing.M) { os.Exit(programtest.Run(m, program)) }

const deadline = 5 * time.Second

// list lists what a namespace has learned.
func list(t *testing.T, ns *netns.NS, q cache.Query) (entries []cache.Entry) {
	t.Helper()
	netns.Must(t, ns.Do(func() error {
		own, err := netspace.Own()
		if err != nil {
			return err
		}
		defer own.Close()
		entries, err = cache.List(own, q)
		return err
	}))
	return entries
}

func flush(t *testing.T, ns *netns.NS, q cache.Query) error {
	t.Helper()
	entries := list(t, ns, q)
	return ns.Do(func() error {
		own, err := netspace.Own()
		if err != nil {
			return err
		}
		defer own.Close()
		return cache.Flush(own, q, entries)
	})
}

// sendBig sends a datagram of 1500 bytes that a router finds too big.
func sendBig(t *testing.T, ns *netns.NS, host string) net.Conn {
	t.Helper()
	network, headers := "udp4", 28
	if strings.Contains(host, ":") {
		network, headers = "udp6", 48
	}
	c, err := ns.Dial(t.Context(), network, "", net.JoinHostPort(host, "9"))
	netns.Must(t, err)
	t.Cleanup(func() { c.Close() })
	_, err = c.Write(make([]byte, 1500-headers))
	netns.Must(t, err)
	return c
}

// sendUnconnected is sendBig of a socket that is not connected: the kernel does not look the route
// up again for it once the router has answered.
func sendUnconnected(t *testing.T, ns *netns.NS, device, host string) {
	t.Helper()
	netns.Must(t, ns.Do(func() error {
		fd, err := sendFrom(device, host)
		if err == nil {
			t.Cleanup(func() { unix.Close(fd) })
		}
		return err
	}))
}

// await looks until a condition holds, which the arrival of a router's message makes.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: ", what)
		}
	}
}

func learned(mtu int, destination, gateway string) cache.Entry {
	return cache.Entry{
		Destination: netip.MustParseAddr(destination), MTU: mtu, Device: "eth0", Gateway: netip.MustParseAddr(gateway), Table: 254,
	}
}

var ignoreTime = []cmp.Option{
	cmpopts.IgnoreUnexported(cache.Entry{}), cmpopts.IgnoreFields(cache.Entry{}, "Seconds"),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
}

// TestList has routers teach the client, and compares with iproute2 where that is installed.
func TestList(t *testing.T) {
	p := pathlab.New(t)
	if got := list(t, p.Client, cache.Query{}); len(got) != 0 {
		t.Fatalf("a new namespace knows %+v", got)
	}
	for _, host := range []string{pathlab.Server4, pathlab.Server6} {
		sendBig(t, p.Client, host)
		q := cache.Query{Destination: netip.MustParseAddr(host)}
		await(t, host, func() bool { return len(list(t, p.Client, q)) == 1 })
	}
	want := []cache.Entry{learned(1400, pathlab.Server4, pathlab.First4), learned(1400, pathlab.Server6, pathlab.First6)}
	got := list(t, p.Client, cache.Query{})
	if diff := cmp.Diff(want, got, ignoreTime...); diff != "" {
		t.Errorf("learned (-want +got):\n%s", diff)
	}
	for _, e := range got {
		if e.Seconds < 590 || e.Seconds > 600 {
			t.Errorf("%v is forgotten in %d s", e.Destination, e.Seconds)
		}
	}
	for _, tc := range []struct {
		q    cache.Query
		want []cache.Entry
	}{
		{cache.Query{Only4: true}, want[:1]},
		{cache.Query{Only6: true}, want[1:]},
		{cache.Query{Destination: want[1].Destination}, want[1:]},
		{cache.Query{Destination: netip.MustParseAddr(pathlab.First4)}, nil},
	} {
		if diff := cmp.Diff(tc.want, list(t, p.Client, tc.q), append(ignoreTime, cmpopts.EquateEmpty())...); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tc.q, diff)
		}
	}
	compareIproute(t, p.Client, got)
}

// compareIproute wants everything that iproute2 lists.
func compareIproute(t *testing.T, ns *netns.NS, got []cache.Entry) {
	t.Helper()
	ip := programtest.Tool(t, "ip")
	lines := 0
	for _, family := range []string{"-4", "-6"} {
		var out []byte
		netns.Must(t, ns.Do(func() (err error) {
			out, err = exec.CommandContext(t.Context(), ip, "-o", family, "route", "show", "table", "all", "cache").Output()
			return err
		}))
		for line := range strings.Lines(string(out)) {
			lines++
			destination := strings.Fields(line)[0]
			if !slices.ContainsFunc(got, func(e cache.Entry) bool {
				return e.Destination.String() == destination && strings.Contains(line, fmt.Sprintf("mtu %d", e.MTU))
			}) {
				t.Errorf("ip lists more: %s", line)
			}
		}
	}
	if lines == 0 {
		t.Error("ip lists nothing")
	}
}

// TestUnused learns about an IPv4 host, and uses that no more: the dump may leave it out (Linux
// 6.18 does, 6.1 does not), a look-up finds it.
func TestUnused(t *testing.T) {
	p := pathlab.New(t)
	sendUnconnected(t, p.Client, "", pathlab.Server4)
	q := cache.Query{Destination: netip.MustParseAddr(pathlab.Server4)}
	await(t, "the message", func() bool { return arrivedErrors(t, p.Client) > 0 })
	if got := list(t, p.Client, cache.Query{}); len(got) > 1 {
		t.Errorf("listed %+v", got)
	}
	if got := list(t, p.Client, q); len(got) != 1 || got[0].MTU != 1400 {
		t.Errorf("look-up finds %+v", got)
	}
}

// arrivedErrors returns how many ICMP errors a namespace has got.
func arrivedErrors(t *testing.T, ns *netns.NS) (n int) {
	t.Helper()
	var text []byte
	netns.Must(t, ns.Do(func() (err error) {
		text, err = readFile("/proc/thread-self/net/snmp")
		return err
	}))
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "Icmp: ") {
			for j, name := range strings.Fields(line) {
				if name == "InDestUnreachs" {
					_, err := fmt.Sscan(strings.Fields(lines[i+1])[j], &n)
					netns.Must(t, err)
					return n
				}
			}
		}
	}
	t.Fatal("no counter")
	return 0
}

// TestConnection finds without an address what a TCP connection's peer was learned to be.
func TestConnection(t *testing.T) {
	p := pathlab.New(t)
	p.Serve(t, 80)
	c, err := p.Client.Dial(t.Context(), "tcp4", "", pathlab.Server4+":80")
	netns.Must(t, err)
	defer c.Close()
	sendUnconnected(t, p.Client, "", pathlab.Server4)
	await(t, "what the connection's peer was learned to be", func() bool { return len(list(t, p.Client, cache.Query{})) == 1 })
}

func TestFlush(t *testing.T) {
	p := pathlab.New(t)
	teach := func() {
		t.Helper()
		for _, host := range []string{pathlab.Server4, pathlab.Server6} {
			sendBig(t, p.Client, host)
			await(t, host, func() bool { return len(list(t, p.Client, cache.Query{Destination: netip.MustParseAddr(host)})) == 1 })
		}
	}
	for _, tc := range []struct {
		name string
		q    cache.Query
		left string
		err  error
	}{
		{"all", cache.Query{}, "", nil},
		{"IPv4", cache.Query{Only4: true}, pathlab.Server6, nil},
		{"IPv6", cache.Query{Only6: true}, pathlab.Server4, nil},
		{"one of IPv6", cache.Query{Destination: netip.MustParseAddr(pathlab.Server6)}, pathlab.Server4, nil},
		{"another of IPv6", cache.Query{Destination: netip.MustParseAddr(pathlab.First6)}, pathlab.Server4 + " " + pathlab.Server6, nil},
		{
			"one of IPv4",
			cache.Query{Destination: netip.MustParseAddr(pathlab.Server4)},
			pathlab.Server4 + " " + pathlab.Server6, cache.ErrOneOfIPv4,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			teach()
			if err := flush(t, p.Client, tc.q); !errors.Is(err, tc.err) {
				t.Errorf("error %v, want %v", err, tc.err)
			}
			var left []string
			for _, host := range []string{pathlab.Server4, pathlab.Server6} {
				for _, e := range list(t, p.Client, cache.Query{Destination: netip.MustParseAddr(host)}) {
					left = append(left, e.Destination.String())
				}
			}
			if got := strings.Join(left, " "); got != tc.left {
				t.Errorf("left are %q, want %q", got, tc.left)
			}
		})
	}
}

// TestLocked has a router ask for less than the kernel sends whole.
func TestLocked(t *testing.T) {
	p := pathlab.New(t)
	netns.Must(t, p.First.SetMTU("eth1", 500), p.Second.SetMTU("eth0", 500))
	sendBig(t, p.Client, pathlab.Server4)
	q := cache.Query{Destination: netip.MustParseAddr(pathlab.Server4)}
	await(t, "the entry", func() bool { return len(list(t, p.Client, q)) == 1 })
	if got := list(t, p.Client, q)[0]; !got.Locked || got.MTU != 552 {
		t.Errorf("got %+v, want a locked MTU of 552", got)
	}
}

// TestTable learns in a routing table that a policy rule leads to.
func TestTable(t *testing.T) {
	p := pathlab.New(t)
	const table = 77
	netns.Must(t, p.Client.Do(func() error { return routeByRule(table, "203.0.113.0/24", pathlab.First4) }))
	sendBig(t, p.Client, pathlab.Server4)
	want := learned(1400, pathlab.Server4, pathlab.First4)
	want.Table = table
	await(t, "the entry", func() bool { return len(list(t, p.Client, cache.Query{})) > 0 })
	if diff := cmp.Diff([]cache.Entry{want}, list(t, p.Client, cache.Query{}), ignoreTime...); diff != "" {
		t.Errorf("learned (-want +got):\n%s", diff)
	}
}

// routeByRule routes a destination by a table of its own.
func routeByRule(table int, destination, gateway string) error {
	_, dst, err := net.ParseCIDR(destination)
	if err != nil {
		return err
	}
	rule := netlink.NewRule()
	rule.Dst, rule.Table, rule.Priority = dst, table, 100
	return errors.Join(
		netlink.RouteReplace(&netlink.Route{Dst: dst, Gw: net.ParseIP(gateway), Table: table}), netlink.RuleAdd(rule),
	)
}

// TestVRF learns in a table of a VRF.
func TestVRF(t *testing.T) {
	p := pathlab.New(t)
	const table = 77
	err := p.Client.Do(func() error { return makeVRF("blue", table, "eth0") })
	if errors.Is(err, unix.EOPNOTSUPP) {
		t.Skip("this kernel has no VRFs")
	}
	netns.Must(t, err)
	for _, host := range []string{pathlab.Server4, pathlab.Server6} {
		sendUnconnected(t, p.Client, "blue", host)
	}
	for _, host := range []string{pathlab.Server4, pathlab.Server6} {
		q := cache.Query{Destination: netip.MustParseAddr(host)}
		await(t, "the entry of "+host, func() bool { return len(list(t, p.Client, q)) > 0 })
		got := list(t, p.Client, q)
		if len(got) != 1 || got[0].MTU != 1400 || got[0].Table != table || got[0].VRF != "blue" || got[0].Device != "eth0" {
			t.Errorf("%s: %+v", host, got)
		}
	}
	netns.Must(t, flush(t, p.Client, cache.Query{}))
	if got := list(t, p.Client, cache.Query{Destination: netip.MustParseAddr(pathlab.Server6)}); len(got) != 0 {
		t.Errorf("left is %+v", got)
	}
}

// makeVRF puts an interface into a VRF with a default route of its own.
func makeVRF(name string, table uint32, iface string) error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = name
	v := &netlink.Vrf{LinkAttrs: attributes, Table: table}
	if err := netlink.LinkAdd(v); err != nil {
		return err
	}
	link, err := netlink.LinkByName(iface)
	if err != nil {
		return err
	}
	keep := []byte("1") // addresses of IPv6 go with the interface otherwise
	if err := writeFile("/proc/sys/net/ipv6/conf/"+iface+"/keep_addr_on_down", keep); err != nil {
		return err
	}
	errs := []error{netlink.LinkSetUp(v), netlink.LinkSetMaster(link, v)}
	for _, route := range [][2]string{{"0.0.0.0/0", pathlab.First4}, {"::/0", pathlab.First6}} {
		_, destination, err := net.ParseCIDR(route[0])
		if err != nil {
			return err
		}
		errs = append(errs, netlink.RouteReplace(&netlink.Route{
			Dst: destination, Gw: net.ParseIP(route[1]), Table: int(table), LinkIndex: link.Attrs().Index,
		}))
	}
	return errors.Join(errs...)
}
