package inject_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/inject"
)

// obstacles are what stops packets, each made on a node whose device mine has no other obstacle,
// after the sink was opened.
var obstacles = []struct {
	name   string
	change func(*inject.Settings)
	make   func(w world) error
	want   string // beginning of the complaint
	stops  func(p plan) bool
	from   bool // it is one of the interface that packets pass
}{
	{"down", mine, func(w world) error { return w.node.Down("mine") }, "device mine is down", both, false},
	{"other end down", mine, func(w world) error { return w.node.Down("end") }, "device mine has another end, end, that is down", both, false},
	{"gone", mine, func(w world) error { return w.node.Delete("mine") }, "device mine does not exist", both, false},
	{"strict rp_filter", mine, func(w world) error { return w.node.Sysctl("net.ipv4.conf.mine.rp_filter", "1") }, "sysctl net.ipv4.conf.mine.rp_filter is 1: ", onlyIPv4, false},
	{"strict rp_filter for all", mine, func(w world) error { return w.node.Sysctl("net.ipv4.conf.all.rp_filter", "1") }, "sysctl net.ipv4.conf.mine.rp_filter is 1: ", onlyIPv4, false},
	{"loose rp_filter, no address", mine, func(w world) error {
		return errorOf(w.node.Sysctl("net.ipv4.conf.mine.rp_filter", "2"), w.node.DelAddr("mine", "169.254.77.1/32"))
	}, "device mine has no IPv4 address: ", onlyIPv4, false},
	{"no forwarding", mine, func(w world) error { return w.node.Sysctl("net.ipv4.conf.mine.forwarding", "0") }, "sysctl net.ipv4.conf.mine.forwarding is 0: ", onlyIPv4, false},
	{"no IPv6", mine, func(w world) error { return w.node.Sysctl("net.ipv6.conf.mine.disable_ipv6", "1") }, "sysctl net.ipv6.conf.mine.disable_ipv6 is 1: ", func(p plan) bool { return p.family == "6" }, false},
	{"strict rp_filter, loopback", func(s *inject.Settings) { s.Device, s.Create = "lo", false }, func(w world) error { return w.node.Sysctl("net.ipv4.conf.lo.rp_filter", "1") }, "sysctl net.ipv4.conf.lo.rp_filter is 1: ", onlyIPv4, false},
	{"interface down", asFrom, func(w world) error { return w.node.Down("eth0") }, "interface eth0 is down", both, true},
	{"interface gone", asFrom, func(w world) error { return w.node.Delete("eth0") }, "interface eth0 does not exist", both, true},
}

func mine(s *inject.Settings) { s.Device, s.Create = "mine", false }

func both(plan) bool { return true }

func onlyIPv4(p plan) bool { return p.family == "4" }

// newNode returns a world whose node has a device mine, made beforehand without obstacles.
func newNode(t *testing.T) world {
	t.Helper()
	w := newWorld(t)
	netns.Must(t,
		netns.Veth(w.node, "mine", w.node, "end"),
		w.node.Addr("mine", "169.254.77.1/32"),
		w.node.Sysctl("net.ipv4.conf.mine.rp_filter", "0"),
		w.node.Sysctl("net.ipv4.conf.all.rp_filter", "0"),
	)
	return w
}

// TestObstacles makes each obstacle, wants the sink to name it, in the log too, and a message not
// to come through.
func TestObstacles(t *testing.T) {
	for _, tt := range obstacles {
		t.Run(tt.name, func(t *testing.T) {
			w := newNode(t)
			sink, log := open(t, w.node, tt.change)
			if c := complaint(sink); c != "" {
				t.Fatalf("complaint: %s", c)
			}
			netns.Must(t, tt.make(w))
			await(t, func() error {
				if c := complaint(sink); len(c) < len(tt.want) || c[:len(tt.want)] != tt.want {
					return fmt.Errorf("complaint %q, want %q", c, tt.want)
				}
				return nil
			})
			checkLog(t, log, tt.want)
			for name, p := range plans {
				reason := deliver(sink, message{plan: p, port: clientPort, mtu: 1400, ttl: 60}.packet())
				if stopsAll := tt.stops(plans["IPv4"]) && tt.stops(plans["IPv6"]); stopsAll && reason == pipeline.Pass {
					t.Errorf("%s: a packet counts as delivered", name)
				}
				if tt.stops(p) {
					continue
				}
				if reason != pipeline.Pass {
					t.Errorf("%s: reason %d", name, reason)
				}
				w.awaitMTU(t, p, 1400) // what was sent before has been handled, too
			}
			for name, p := range plans {
				if tt.stops(p) && pathMTU(t, w.pod, p) != 1500 {
					t.Errorf("%s: the message came through", name)
				}
			}
		})
	}
}

// TestCheckHost makes each obstacle, and wants `check --host` to name it, with what to do.
func TestCheckHost(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, tt := range obstacles {
		if tt.from {
			continue // of interfaces that stages need, hostcheck tells
		}
		t.Run(tt.name, func(t *testing.T) {
			w := newNode(t)
			wantFindings(t, w.node, tt.change, map[string]bool{"gets packets into the stack": false})
			netns.Must(t, tt.make(w))
			wantFindings(t, w.node, tt.change, map[string]bool{tt.want: true})
		})
	}
}

// TestCheckHostBeforehand looks at hosts where the device is not made yet.
func TestCheckHostBeforehand(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*inject.Settings)
		make   func(host *netns.NS) error
		want   map[string]bool
	}{
		{"router", nil, func(host *netns.NS) error { return host.Sysctl("net.ipv4.ip_forward", "1") }, map[string]bool{"device pmtud0 can be created": false}},
		{"as from", asFrom, func(*netns.NS) error { return nil }, map[string]bool{"device pmtud0 can be created": false}},
		{"no router", nil, func(*netns.NS) error { return nil }, map[string]bool{"device pmtud0 can be created": false, "sysctl net.ipv4.ip_forward is 0: ": false}},
		{
			"somebody else's", nil, func(host *netns.NS) error {
				return errorOf(host.Sysctl("net.ipv4.ip_forward", "1"), netns.Veth(host, "pmtud0", host, "other"))
			}, map[string]bool{"device pmtud0 was not created by pmtud": true},
		},
		{"a name that the kernel refuses", func(s *inject.Settings) { s.Device = "all" }, func(host *netns.NS) error { return host.Sysctl("net.ipv4.ip_forward", "1") }, map[string]bool{"device all can't be created: ": true}},
		{"dry run", func(s *inject.Settings) { s.DryRun = true }, func(*netns.NS) error { return nil }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host := newHost(t)
			netns.Must(t, tt.make(host))
			before := traces(t, host)
			wantFindings(t, host, tt.change, tt.want)
			wantTraces(t, host, before)
		})
	}
}

// TestCheckHostOfPredecessor looks at a device that another process made. One that was killed left
// it as its own settings had it.
func TestCheckHostOfPredecessor(t *testing.T) {
	host := newHost(t)
	for from, want := range map[string]map[string]bool{
		"eth0": {"device pmtud0 gets packets into the stack": false},
		"":     {"interface eth0 does not receive what arrives at pmtud0": true},
	} {
		p := start(t, host, from)
		netns.Must(t, p.Process.Kill())
		_ = p.Wait()
		wantFindings(t, host, asFrom, want)
	}
}

// wantFindings wants CheckHost to find just what begins so, by whether it stops packets.
func wantFindings(t *testing.T, ns *netns.NS, change func(*inject.Settings), want map[string]bool) {
	t.Helper()
	sink, _ := build(t, change)
	var found []pipeline.HostFinding
	netns.Must(t, ns.Do(func() error {
		found = sink.(pipeline.HostChecker).CheckHost()
		return nil
	}))
	if len(found) != len(want) {
		t.Errorf("found %+v, want %v", found, want)
	}
	for text, stops := range want {
		i := slices.IndexFunc(found, func(f pipeline.HostFinding) bool {
			return strings.Contains(f.Subject+" "+f.State, text)
		})
		switch {
		case i < 0:
			t.Errorf("found %+v, want %q", found, text)
		case found[i].Stops != stops || stops && found[i].Advice == "":
			t.Errorf("found %+v, stops should be %v", found[i], stops)
		}
	}
}

// TestOpenWithObstacles opens a sink where nothing is as it should be: it tells, and works when
// all is well.
func TestOpenWithObstacles(t *testing.T) {
	w := newWorld(t)
	sink, _ := open(t, w.node, mine)
	if c := complaint(sink); c != "device mine does not exist" {
		t.Errorf("complaint %q", c)
	}
	if reason := deliver(sink, message{plan: plans["IPv4"], port: clientPort, mtu: 1400, ttl: 60}.packet()); reason != inject.NoDevice {
		t.Errorf("reason %d", reason)
	}
	netns.Must(t, netns.Veth(w.node, "mine", w.node, "end"), w.node.Sysctl("net.ipv4.conf.mine.rp_filter", "0"))
	await(t, func() error { return sink.(pipeline.HealthChecker).Health() })
	if reason := deliver(sink, message{plan: plans["IPv4"], port: clientPort, mtu: 1400, ttl: 60}.packet()); reason != pipeline.Pass {
		t.Errorf("reason %d", reason)
	}
	w.awaitMTU(t, plans["IPv4"], 1400)
}

// TestLeavesInPeace has an obstacle come and go that the sink can't remove. It says so each time,
// and touches nothing else.
func TestLeavesInPeace(t *testing.T) {
	host := newHost(t)
	sink, log := open(t, host, nil)
	for _, tt := range []struct{ value, complaint string }{
		{"1", "sysctl net.ipv6.conf.pmtud0.disable_ipv6 is 1: IPv6 messages are dropped"}, {"0", ""},
	} {
		netns.Must(t, host.Sysctl("net.ipv6.conf.pmtud0.disable_ipv6", tt.value))
		await(t, func() error {
			if c := complaint(sink); c != tt.complaint {
				return fmt.Errorf("complaint %q, want %q", c, tt.complaint)
			}
			return nil
		})
	}
	await(t, func() error {
		if text := log.String(); !strings.Contains(text, `level=INFO msg="packets get through again"`) {
			return fmt.Errorf("log says\n%s", text)
		}
		return nil
	})
	if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, `level=WARN msg="packets do not get through"`) {
		t.Errorf("log says\n%s", text)
	}
}

// TestHostWithoutIPv6 has nothing to complain of.
func TestHostWithoutIPv6(t *testing.T) {
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t, host.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"), netns.Veth(host, "eth0", wire, "eth0"))
	sink, _ := open(t, host, nil)
	if c := complaint(sink); c != "" {
		t.Errorf("complaint: %s", c)
	}
}

// TestOnlyTheEndHasIPv6 has nothing to complain of either: nobody uses IPv6.
func TestOnlyTheEndHasIPv6(t *testing.T) {
	host := netns.NewTest(t, "host")
	netns.Must(t,
		host.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"),
		netns.Veth(host, "mine", host, "end"),
		host.Sysctl("net.ipv6.conf.end.disable_ipv6", "0"),
		host.Sysctl("net.ipv4.conf.mine.rp_filter", "0"),
	)
	sink, _ := open(t, host, mine)
	await(t, func() error { return sink.(pipeline.HealthChecker).Health() }) // until there is carrier
}

// TestUnfitDevice uses a device that frames can't be sent into from its other side.
func TestUnfitDevice(t *testing.T) {
	w := newWorld(t)
	sink, _ := open(t, w.node, func(s *inject.Settings) { s.Device, s.Create = "eth0", false }) // its end is elsewhere
	want := "device eth0 is neither lo nor one end of a veth pair whose ends are both here"
	if c := complaint(sink); c != want {
		t.Errorf("complaint %q, want %q", c, want)
	}
}

// TestMissingInKernel wants to know what a kernel lacks.
func TestMissingInKernel(t *testing.T) {
	host := newHost(t)
	netns.Must(t, host.Do(func() error {
		device, qdisc, filter := inject.AddUnknown("nosuch")
		for want, err := range map[string]error{
			"make device x: the kernel lacks veth: ":               device,
			"add ingress qdisc: the kernel lacks sch_ingress: ":    qdisc,
			"add filter: the kernel lacks cls_u32 or act_mirred: ": filter,
		} {
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		}
		return nil
	}))
}
