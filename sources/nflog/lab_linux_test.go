package nflog_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/packet"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sources/nflog"
)

func TestMain(m *testing.M) { netns.Main(m) }

// group is the one that all tests log to, each in a namespace of its own.
const group = 33

var (
	hostMAC   = net.HardwareAddr{2, 0, 0, 0, 0, 2} // that of pipelinetest.PTB
	routerMAC = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	router4   = netip.MustParseAddr("203.0.113.1")
	router6   = netip.MustParseAddr("2001:db8:f::1")
)

// lab is a host, whose eth0 is cabled to a router.
type lab struct {
	host *netns.NS
	send *packet.Conn // on the router's end
}

func newLab(t testing.TB) lab {
	host, router := netns.NewTest(t, "host"), netns.NewTest(t, "router")
	netns.Must(t,
		netns.Veth(host, "eth0", router, "eth0"),
		host.SetMAC("eth0", hostMAC),
		router.SetMAC("eth0", routerMAC),
		host.Addr("eth0", "192.0.2.1/24", "2001:db8::1/64"),
		router.Addr("eth0", "192.0.2.254/24"),
		host.Route("203.0.113.0/24", "192.0.2.254"), // else its packets come from nowhere
		host.Sysctl("net.ipv4.conf.all.rp_filter", "0"),
		host.Sysctl("net.ipv4.conf.eth0.rp_filter", "0"),
	)
	l := lab{host: host, send: sender(t, router, "eth0")}
	l.awaitCarrier(t)
	l.awaitAddress(t, "2001:db8::1")
	return l
}

// awaitAddress returns when packets to the IPv6 address are for the host. The
// kernel adds the route a moment after the address.
func (l lab) awaitAddress(t testing.TB, address string) {
	poll(t, "route", func() (local bool) {
		netns.Must(t, l.host.Do(func() error {
			routes, err := netlink.RouteGet(net.ParseIP(address))
			local = err == nil && routes[0].Type == unix.RTN_LOCAL
			return nil
		}))
		return local
	})
}

// awaitCarrier returns when frames get from the router to the host. A new
// interface drops them for a moment.
func (l lab) awaitCarrier(t testing.TB) {
	frame := append(append(append([]byte(nil), hostMAC...), routerMAC...), 0x88, 0xb5, 0, 0) // for experiments
	poll(t, "carrier", func() bool {
		l.inject(t, frame)
		return l.received(t) > 0
	})
}

// received returns how many packets came in by the host's eth0.
func (l lab) received(t testing.TB) (n uint64) {
	netns.Must(t, l.host.Do(func() error {
		eth0, err := netlink.LinkByName("eth0")
		if err == nil {
			n = eth0.Attrs().Statistics.RxPackets
		}
		return err
	}))
	return n
}

// sender opens a socket that sends frames on the interface and receives none.
func sender(t testing.TB, ns *netns.NS, name string) *packet.Conn {
	ifi, err := ns.Interface(name)
	netns.Must(t, err)
	var c *packet.Conn
	netns.Must(t, ns.Do(func() error {
		c, err = packet.Listen(ifi, packet.Raw, 0, nil)
		return err
	}))
	t.Cleanup(func() { c.Close() })
	return c
}

// inject sends a frame to the host.
func (l lab) inject(t testing.TB, frame []byte) {
	t.Helper()
	_, err := l.send.WriteTo(frame, &packet.Addr{HardwareAddr: hostMAC})
	netns.Must(t, err)
}

// hook is where a rule stands.
type hook struct {
	family nftables.TableFamily
	num    *nftables.ChainHook
	device string
}

var (
	input      = hook{family: nftables.TableFamilyINet, num: nftables.ChainHookInput}
	prerouting = hook{family: nftables.TableFamilyINet, num: nftables.ChainHookPrerouting}
	output     = hook{family: nftables.TableFamilyINet, num: nftables.ChainHookOutput}
	ingress    = hook{family: nftables.TableFamilyNetdev, num: nftables.ChainHookIngress, device: "eth0"}
	egress     = hook{family: nftables.TableFamilyNetdev, num: nftables.ChainHookEgress, device: "eth0"}
)

// logRule logs what the expressions match to the group.
func logRule(t testing.TB, ns *netns.NS, at hook, match ...expr.Any) {
	t.Helper()
	err := ns.Do(func() error { return addRule(at, logTo(), match) })
	if at == egress && errors.Is(err, unix.EOPNOTSUPP) {
		t.Skip("nftables has no egress hook before Linux 5.16")
	}
	netns.Must(t, err)
}

// logStart is logRule, but logs no more than n bytes of a packet.
func logStart(t testing.TB, ns *netns.NS, at hook, n uint32) {
	t.Helper()
	netns.Must(t, ns.Do(func() error {
		return addRule(at, &expr.Log{Key: 1 << unix.NFTA_LOG_SNAPLEN, Snaplen: n}, nil)
	}))
}

func addRule(at hook, log *expr.Log, match []expr.Any) error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	log.Key |= 1 << unix.NFTA_LOG_GROUP
	log.Group = group
	table := c.AddTable(&nftables.Table{Family: at.family, Name: "test"})
	chain := c.AddChain(&nftables.Chain{
		Name: "log", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: at.num, Priority: nftables.ChainPriorityFilter, Device: at.device,
	})
	c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: append(match, log)})
	return c.Flush()
}

// transport matches packets of an IP protocol.
func transport(protocol byte) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
	}
}

// build returns the source as a pipeline would build it.
func build(t testing.TB, change func(*nflog.Settings)) pipeline.LossySource {
	t.Helper()
	return buildLogging(t, io.Discard, change)
}

func buildLogging(t testing.TB, log io.Writer, change func(*nflog.Settings)) pipeline.LossySource {
	t.Helper()
	settings := nflog.Plugin().NewSettings().(*nflog.Settings)
	settings.Group = group
	if change != nil {
		change(settings)
	}
	env := pipelinetest.Env(t)
	env.Log = slog.New(slog.NewTextHandler(log, nil))
	s, err := nflog.Plugin().Build(settings, env)
	netns.Must(t, err)
	return s.(pipeline.LossySource)
}

// recorder runs a source and keeps copies of what it delivers.
type recorder struct {
	source pipeline.LossySource
	log    pipelinetest.Buffer
	stop   func() error // ends Run and closes the source

	mu      sync.Mutex
	packets []pipeline.Packet
	batches []int // how many packets each had
}

// open opens the source in a namespace.
func open(t testing.TB, ns *netns.NS, change func(*nflog.Settings)) *recorder {
	t.Helper()
	r := new(recorder)
	r.source = buildLogging(t, &r.log, change)
	netns.Must(t, ns.Do(func() error { return r.source.Open(t.Context()) }))
	r.stop = sync.OnceValue(r.source.Close)
	t.Cleanup(func() { netns.Must(t, r.stop()) })
	return r
}

// run lets the opened source run until stop or the test's end.
func (r *recorder) run() {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	var err error
	running.Go(func() { err = r.source.Run(ctx, r.record) })
	closeSource := r.stop
	r.stop = sync.OnceValue(func() error {
		cancel()
		running.Wait()
		if err != nil {
			return err
		}
		return closeSource()
	})
}

// start opens and runs the source.
func start(t testing.TB, ns *netns.NS, change func(*nflog.Settings)) *recorder {
	t.Helper()
	r := open(t, ns, change)
	r.run()
	t.Cleanup(func() { netns.Must(t, r.stop()) })
	return r
}

func (r *recorder) record(batch []pipeline.Packet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches = append(r.batches, len(batch))
	for _, p := range batch {
		p.Data = append([]byte(nil), p.Data...)
		p.Decode()
		r.packets = append(r.packets, p)
	}
}

func (r *recorder) count() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return uint64(len(r.packets))
}

// largestBatch returns how many packets the largest batch had, of those from n on.
func (r *recorder) largestBatch(n int) (largest int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, size := range r.batches[n:] {
		largest = max(largest, size)
	}
	return largest
}

// await returns the first packet that match accepts.
func (r *recorder) await(t testing.TB, match func(*pipeline.Packet) bool) (found pipeline.Packet) {
	t.Helper()
	poll(t, "such a packet", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		for i := range r.packets {
			if match(&r.packets[i]) {
				found = r.packets[i]
				return true
			}
		}
		return false
	})
	return found
}

// poll waits until done reports true.
func poll(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("no %s in 10 s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// bound returns the netlink port that has the group in the namespace, "" if none has.
func bound(t testing.TB, ns *netns.NS) (port string) {
	t.Helper()
	netns.Must(t, ns.Do(func() error {
		table, err := os.ReadFile("/proc/thread-self/net/netfilter/nfnetlink_log")
		for line := range strings.Lines(string(table)) {
			if fields := strings.Fields(line); fields[0] == fmt.Sprint(group) {
				port = fields[1]
			}
		}
		return err
	}))
	return port
}

// logTo returns a rule's expression that logs whole packets.
func logTo() *expr.Log { return &expr.Log{} }
