package vips_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/filters/vips"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// open opens a filter and returns its log.
func open(t *testing.T, s vips.Settings) (pipeline.Filter, *pipelinetest.Buffer) {
	t.Helper()
	log, env := new(pipelinetest.Buffer), pipelinetest.Env(t)
	env.Log = slog.New(slog.NewTextHandler(log, nil))
	f, err := vips.New(s, env)
	netns.Must(t, err)
	opener := f.(pipeline.Opener)
	netns.Must(t, opener.Open(t.Context()))
	t.Cleanup(func() {
		if err := opener.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, log
}

// await decides about a message about the source until the reason is the one that is
// wanted.
func await(t *testing.T, f pipeline.Filter, source string, want pipeline.Reason) {
	t.Helper()
	p := about(source)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		got := pipelinetest.Decide(f, &p)
		if got == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: reason %d, want %d", source, got, want)
		}
	}
}

func TestFrom(t *testing.T) {
	ns := netns.Own(t)
	netns.Must(t, ns.Addr("lo", "192.0.2.1/32", "198.51.100.1/24", "2001:db8::1/128"))
	t.Cleanup(func() { netns.Must(t, ns.DelAddr("lo", "198.51.100.1/24", "2001:db8::1/128")) })
	f, log := open(t, vips.Settings{From: "lo", Prefixes: list(t, "203.0.113.0/24")})
	for source, want := range map[string]pipeline.Reason{
		"192.0.2.1":    pipeline.Pass,
		"192.0.2.2":    vips.NotVIP,
		"198.51.100.1": pipeline.Pass,
		"198.51.100.2": vips.NotVIP,
		"203.0.113.5":  pipeline.Pass,
		"127.0.0.1":    vips.NotVIP,
		"2001:db8::1":  pipeline.Pass,
		"::1":          vips.NotVIP,
	} {
		p := about(source)
		if got := pipelinetest.Decide(f, &p); got != want {
			t.Errorf("%s: reason %d, want %d", source, got, want)
		}
	}
	p := about("192.0.2.1")
	p.Decode()
	if got, want := f.(pipeline.Explainer).Explain(&p), "quoted source 192.0.2.1: in prefixes false, on lo true"; got != want {
		t.Errorf("explanation %q, want %q", got, want)
	}

	netns.Must(t, ns.Addr("lo", "192.0.2.2/32"))
	await(t, f, "192.0.2.2", pipeline.Pass)
	netns.Must(t, ns.DelAddr("lo", "192.0.2.1/32", "192.0.2.2/32"))
	await(t, f, "192.0.2.1", vips.NotVIP)
	await(t, f, "192.0.2.2", vips.NotVIP)
	if !strings.Contains(log.String(), `addresses="[192.0.2.1 198.51.100.1 2001:db8::1]"`) {
		t.Errorf("the log is\n%s", log)
	}
}

// TestFromMissing names an interface that comes, goes and comes back.
func TestFromMissing(t *testing.T) {
	ns := netns.Own(t)
	f, log := open(t, vips.Settings{From: "eth0"})
	listing, _ := open(t, vips.Settings{From: "eth0", Prefixes: list(t, "192.0.2.0/24")})
	complains := func(want bool) {
		t.Helper()
		if err := f.(pipeline.HealthChecker).Health(); (err != nil) != want {
			t.Errorf("complaint %v, want one: %v", err, want)
		}
		if err := listing.(pipeline.HealthChecker).Health(); err != nil {
			t.Errorf("complaint %v, though prefixes are listed", err)
		}
	}
	await(t, f, "192.0.2.1", vips.NotVIP)
	complains(true)

	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"), ns.Addr("eth0", "fe80::9/64", "169.254.0.9/16", "192.0.2.1/24"))
	t.Cleanup(func() { netns.Must(t, ns.Delete("eth0")) })
	await(t, f, "192.0.2.1", pipeline.Pass)
	complains(false)
	await(t, f, "fe80::9", vips.NotVIP)
	await(t, f, "169.254.0.9", vips.NotVIP)
	netns.Must(t, ns.Delete("eth0"))
	await(t, f, "192.0.2.1", vips.NotVIP)
	complains(true)
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"), ns.Addr("eth0", "192.0.2.7/24"))
	await(t, f, "192.0.2.7", pipeline.Pass)
	await(t, f, "192.0.2.1", vips.NotVIP)

	// Once at the start, once when it went.
	if n := strings.Count(log.String(), "interface has no address of the service"); n != 2 {
		t.Errorf("%d warnings, want 2:\n%s", n, log)
	}
}

// TestLogOfAddresses has 16 addresses, which the log lists, and more, which it does not;
// and changes of the host that are none of the interface's addresses, which it leaves out.
func TestLogOfAddresses(t *testing.T) {
	ns := netns.Own(t)
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"))
	t.Cleanup(func() { netns.Must(t, ns.Delete("eth0")) })
	all := make([]string, 16)
	for i := range all {
		all[i] = fmt.Sprintf("192.0.2.%d", 100+i)
		netns.Must(t, ns.Addr("eth0", all[i]+"/32"))
	}
	f, log := open(t, vips.Settings{From: "eth0"})
	other, _ := open(t, vips.Settings{From: "eth1"})
	for i := range 10 {
		addr := fmt.Sprintf("198.51.100.%d", 1+i)
		netns.Must(t, ns.Addr("eth1", addr+"/32"))
		await(t, other, addr, pipeline.Pass)
	}
	netns.Must(t, ns.Addr("eth0", "192.0.2.200/32"))
	await(t, f, "192.0.2.200", pipeline.Pass)

	list := strings.Join(all, " ")
	want := []string{
		`msg="addresses of the service" interface=eth0 addresses="[` + list + `]"`,
		`msg="addresses of the service" interface=eth0 addresses="[` + list + ` ...]"`,
	}
	var got []string
	// The line comes after the address counts.
	for end := time.Now().Add(20 * time.Second); len(got) < len(want) && time.Now().Before(end); time.Sleep(time.Millisecond) {
		got = nil
		for line := range strings.Lines(log.String()) {
			_, text, _ := strings.Cut(line, "level=INFO ")
			got = append(got, strings.TrimSpace(text))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// TestPrefixesAlone lists prefixes and names no interface: addresses of the host are
// neither read nor told.
func TestPrefixesAlone(t *testing.T) {
	ns := netns.Own(t)
	netns.Must(t, ns.Addr("lo", "192.0.2.1/32"))
	t.Cleanup(func() { netns.Must(t, ns.DelAddr("lo", "192.0.2.1/32")) })
	f, log := open(t, vips.Settings{Prefixes: list(t, "203.0.113.0/24")})
	await(t, f, "192.0.2.1", vips.NotVIP)
	await(t, f, "203.0.113.5", pipeline.Pass)
	if log.String() != "" {
		t.Errorf("the log is\n%s", log)
	}
}

// TestNoDescriptors opens a filter when the process may open no more files.
func TestNoDescriptors(t *testing.T) {
	netns.Own(t)
	f, err := vips.New(vips.Settings{From: "lo"}, pipelinetest.Env(t))
	var limit unix.Rlimit
	netns.Must(t, err, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit), unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Max: limit.Max}))
	err = f.(pipeline.Opener).Open(t.Context())
	netns.Must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit), f.(pipeline.Opener).Close())
	if !errors.Is(err, unix.EMFILE) {
		t.Errorf("error %v, want that there are too many open files", err)
	}
}

// TestCloseTwice closes a filter as a pipeline may that failed to open.
func TestCloseTwice(t *testing.T) {
	netns.Own(t)
	f, _ := open(t, vips.Settings{From: "lo"})
	if err := f.(pipeline.Opener).Close(); err != nil {
		t.Error(err)
	}
}
