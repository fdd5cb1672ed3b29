package inject_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/seen"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/sinks/inject"
)

// role is the environment variable that makes the test binary a process with an open sink: the
// setting as_from, or "as_from mark device".
const role = "INJECT_TEST_AS_FROM"

// hold holds a sink open until SIGTERM if the process is one for that.
func hold() {
	from, ok := os.LookupEnv(role)
	if !ok {
		return
	}
	s := settings(func(s *inject.Settings) { _, _ = fmt.Sscan(from, &s.AsFrom, &s.Mark, &s.Device) })
	stage, err := inject.New(*s, pipeline.Env{Log: silent, Arrived: seen.Recent()})
	if err == nil {
		err = stage.Open(context.Background())
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, unix.SIGTERM)
	fmt.Println("open")
	<-end
	if err := stage.Close(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// start starts a process that holds a sink open in a namespace.
func start(t *testing.T, ns *netns.NS, from string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), role+"="+from)
	out, err := cmd.StdoutPipe()
	netns.Must(t, err, ns.Start(cmd))
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
		t.Fatalf("process says %q, %v", line, err)
	}
	return cmd
}

// traces lists what a sink makes in a namespace, sorted: devices and policy rules.
func traces(t *testing.T, ns *netns.NS) (found []string) {
	t.Helper()
	kernels := devices(t, netns.NewTest(t, "fresh")) // lo, and of tunnels whose module is loaded
	for _, name := range devices(t, ns) {
		if !slices.Contains(kernels, name) {
			found = append(found, "device "+name)
		}
	}
	netns.Must(t, ns.Do(func() error {
		for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
			rules, err := netlink.RuleList(family)
			if err != nil {
				return err
			}
			for _, r := range rules {
				if r.Table == unix.RT_TABLE_LOCAL && r.IifName == "" && r.Mark == 0 || r.Priority >= 32766 {
					continue // the kernel's own
				}
				mark := fmt.Sprint(r.Mark)
				if r.Mask != nil {
					mark = fmt.Sprintf("%d/%#x", r.Mark, *r.Mask)
				}
				found = append(found, fmt.Sprintf("rule %d: iif %q mark %s table %d suppress %d", r.Priority, r.IifName, mark, r.Table, r.SuppressPrefixlen))
			}
		}
		return nil
	}))
	slices.Sort(found)
	return found
}

// devices returns the names of a namespace's devices.
func devices(t *testing.T, ns *netns.NS) (names []string) {
	t.Helper()
	netns.Must(t, ns.Do(func() error {
		links, err := netlink.LinkList()
		for _, l := range links {
			names = append(names, l.Attrs().Name)
		}
		return err
	}))
	return names
}

// rulesFor returns how traces lists the guard, of both families.
func rulesFor(iif, mark string) (list []string) {
	for _, r := range []string{"10: iif %q mark %s table 255 suppress -1", "11: iif %q mark %s table 254 suppress 0", "12: iif %q mark %s table 0 suppress -1"} {
		line := "rule " + fmt.Sprintf(r, iif, mark)
		list = append(list, line, line)
	}
	return list
}

var (
	pair = []string{"device eth0", "device pmtud0", "device pmtud0x"}
	none = []string{"device eth0"}

	ofDevice, ofMark = rulesFor("pmtud0", "0"), rulesFor("", "45/0xffffffff")
)

func wantTraces(t *testing.T, ns *netns.NS, want ...[]string) {
	t.Helper()
	list := slices.Concat(want...)
	slices.Sort(list)
	if diff := cmp.Diff(list, traces(t, ns)); diff != "" {
		t.Errorf("devices and rules (-want +got):\n%s", diff)
	}
}

func newHost(t testing.TB) *netns.NS {
	t.Helper()
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t, netns.Veth(host, "eth0", wire, "eth0"))
	return host
}

// TestTerminated ends processes in order.
func TestTerminated(t *testing.T) {
	for _, tt := range []struct {
		from  string
		rules []string
	}{{"", ofDevice}, {"eth0", ofMark}} {
		host := newHost(t)
		p := start(t, host, tt.from)
		wantTraces(t, host, pair, tt.rules)
		netns.Must(t, p.Process.Signal(unix.SIGTERM), p.Wait())
		wantTraces(t, host, none)
	}
}

// TestKilled kills processes. The next one replaces what they left, also if it is configured
// otherwise.
func TestKilled(t *testing.T) {
	host := newHost(t)
	for _, tt := range []struct {
		from  string
		rules []string
	}{
		{"", ofDevice},
		{"eth0", ofMark},
		{"eth0", ofMark},
		{"", ofDevice},
	} {
		p := start(t, host, tt.from)
		wantTraces(t, host, pair, tt.rules)
		netns.Must(t, p.Process.Kill())
		_ = p.Wait()
		wantTraces(t, host, pair, tt.rules)
	}
	sink, _ := build(t, nil)
	netns.Must(t, host.Do(func() error { return sink.Open(t.Context()) }), sink.Close())
	wantTraces(t, host, none)
}

// TestClaimed opens a second sink for a device that a process has.
func TestClaimed(t *testing.T) {
	host := newHost(t)
	start(t, host, "")
	sink, _ := build(t, nil)
	err := host.Do(func() error { return sink.Open(t.Context()) })
	if err == nil || !strings.Contains(err.Error(), "another pmtud injects through it") {
		t.Errorf("open: %v", err)
	}
	wantTraces(t, host, pair, ofDevice)
	netns.Must(t, sink.Close())
}

// TestTwoGuards has two sinks with rules of their own, and a third one that wants the rules of
// another.
func TestTwoGuards(t *testing.T) {
	host := newHost(t)
	start(t, host, "")
	second := start(t, host, "eth0 46 pmtud1")
	both := slices.Concat(ofDevice, rulesFor("", "46/0xffffffff"))
	pairs := append([]string{"device pmtud1", "device pmtud1x"}, pair...)
	for range 20 {
		wantTraces(t, host, pairs, both)
		netns.Must(t, host.Do(func() error { // have the sinks look
			r := netlink.NewRule()
			r.Priority, r.Table = 999, unix.RT_TABLE_MAIN
			return errors.Join(netlink.RuleAdd(r), netlink.RuleDel(r))
		}))
	}
	sink, _ := build(t, func(s *inject.Settings) { s.AsFrom, s.Mark, s.Device = "eth0", 46, "pmtud2" })
	err := host.Do(func() error { return sink.Open(t.Context()) })
	if err == nil || !strings.Contains(err.Error(), "claim mark 46: another pmtud has rules for it") {
		t.Errorf("open: %v", err)
	}
	netns.Must(t, sink.Close())
	wantTraces(t, host, pairs, both)
	netns.Must(t, second.Process.Signal(unix.SIGTERM), second.Wait())
	wantTraces(t, host, pair, ofDevice)
}

// TestSomebodyElses finds a device that has the name and that no sink made.
func TestSomebodyElses(t *testing.T) {
	host := newHost(t)
	netns.Must(t, netns.Veth(host, "pmtud0", host, "other"))
	sink, _ := build(t, nil)
	err := host.Do(func() error { return sink.Open(t.Context()) })
	if err == nil || !strings.HasPrefix(err.Error(), "open device pmtud0: device pmtud0: pmtud did not create it") {
		t.Errorf("open: %v", err)
	}
	wantTraces(t, host, []string{"device eth0", "device other", "device pmtud0"})
	netns.Must(t, sink.Close())
}

// TestTakenByOthers has somebody make a device of the name while the sink is open. It stays.
func TestTakenByOthers(t *testing.T) {
	host := newHost(t)
	sink, log := build(t, nil)
	netns.Must(t, host.Do(func() error { return sink.Open(t.Context()) }))
	netns.Must(t, host.Delete("pmtud0"), netns.Veth(host, "pmtud0", host, "other"))
	await(t, func() error {
		if c := complaint(sink); c != "device pmtud0 was not created by pmtud" {
			return fmt.Errorf("complaint %q", c)
		}
		if text := log.String(); !strings.Contains(text, "device pmtud0: pmtud did not create it") {
			return fmt.Errorf("log says\n%s", text)
		}
		return nil
	})
	if reason := deliver(sink, message{plan: plans["IPv4"], port: 1, mtu: 1400, ttl: 60}.packet()); reason != inject.NoDevice {
		t.Errorf("reason %d", reason)
	}
	netns.Must(t, sink.Close())
	wantTraces(t, host, []string{"device eth0", "device other", "device pmtud0"})
}

// TestChangedByOthers changes what the sink made, which it changes back.
func TestChangedByOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, tt := range []struct {
		name   string
		from   string
		change func(node *netns.NS) error
	}{
		{"device deleted", "", func(node *netns.NS) error { return node.Delete("pmtud0") }},
		{"other end deleted", "", func(node *netns.NS) error { return node.Delete("pmtud0x") }},
		{"device renamed", "", func(node *netns.NS) error {
			return inNetlink(node, "pmtud0", func(l netlink.Link) error {
				return errorOf(netlink.LinkSetDown(l), netlink.LinkSetName(l, "strange"))
			})
		}},
		{"device down", "", func(node *netns.NS) error { return node.Down("pmtud0") }},
		{"other end down", "", func(node *netns.NS) error { return node.Down("pmtud0x") }},
		{"no address, loose", "", func(node *netns.NS) error {
			return errorOf(node.DelAddr("pmtud0", "169.254.77.1/32"), node.Sysctl("net.ipv4.conf.all.rp_filter", "2"))
		}},
		{"strict for all", "", func(node *netns.NS) error { return node.Sysctl("net.ipv4.conf.all.rp_filter", "1") }},
		{"strict", "", func(node *netns.NS) error { return node.Sysctl("net.ipv4.conf.pmtud0.rp_filter", "1") }},
		{"no forwarding", "", func(node *netns.NS) error { return node.Sysctl("net.ipv4.conf.pmtud0.forwarding", "0") }},
		{"qdisc deleted", "eth0", func(node *netns.NS) error {
			return inNetlink(node, "pmtud0", func(l netlink.Link) error {
				return netlink.QdiscDel(&netlink.Ingress{QdiscAttrs: netlink.QdiscAttrs{
					LinkIndex: l.Attrs().Index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_INGRESS,
				}})
			})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			sink, _ := open(t, w.node, func(s *inject.Settings) { s.AsFrom = setting.InterfaceName(tt.from) })
			netns.Must(t, tt.change(w.node))
			for name, p := range plans {
				var id uint16
				await(t, func() error {
					id++
					m := message{plan: p, port: clientPort, mtu: 1400, ttl: 60, id: id}
					reason := deliver(sink, m.packet())
					// Until the sink has looked, a pair with an end that is down takes nothing.
					if reason > inject.QueueFull {
						t.Fatalf("%s: reason %d", name, reason)
					}
					if mtu := pathMTU(t, w.pod, p); mtu != 1400 {
						return fmt.Errorf("%s: path MTU is %d, reason %d, complaint %q", name, mtu, reason, complaint(sink))
					}
					return nil
				})
			}
			await(t, func() error {
				if c := complaint(sink); c != "" {
					return fmt.Errorf("complaint: %s", c)
				}
				return nil
			})
		})
	}
}

// TestRulesChangedByOthers deletes the guard, which comes back.
func TestRulesChangedByOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, from := range []string{"", "eth0"} {
		host := newHost(t)
		_, log := open(t, host, func(s *inject.Settings) { s.AsFrom = setting.InterfaceName(from) })
		before := traces(t, host)
		if text := log.String(); text != "" {
			t.Errorf("logged at first:\n%s", text)
		}
		netns.Must(t, host.Do(func() error {
			var errs []error
			for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
				rules, err := netlink.RuleList(family)
				errs = append(errs, err)
				for _, r := range rules {
					if r.Priority == 12 {
						errs = append(errs, netlink.RuleDel(&r))
					}
				}
			}
			return errorOf(errs...)
		}))
		if now := traces(t, host); len(now) != len(before)-2 {
			t.Fatalf("still there: %q", now)
		}
		await(t, func() error {
			if diff := cmp.Diff(before, traces(t, host)); diff != "" {
				return fmt.Errorf("devices and rules (-want +got):\n%s", diff)
			}
			if text := log.String(); strings.Count(text, "restored the device and its policy rules") != 1 {
				return fmt.Errorf("log says\n%s", text)
			}
			return nil
		})
	}
}

// inNetlink calls f with an interface of a namespace.
func inNetlink(ns *netns.NS, name string, f func(netlink.Link) error) error {
	return ns.Do(func() error {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		return f(l)
	})
}
