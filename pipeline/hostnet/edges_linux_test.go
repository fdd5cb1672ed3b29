package hostnet_test

import (
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/hostnet"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestAddressesOfOne wants those of one interface alone, sorted, of both families.
func TestAddressesOfOne(t *testing.T) {
	ns := netns.NewTest(t, "host")
	netns.Must(t,
		netns.Veth(ns, "eth0", ns, "eth1"),
		ns.Addr("eth1", "203.0.113.1/24"),
		ns.Addr("eth0", "2001:db8::2/64", "192.0.2.9/32", "2001:db8::1/64", "192.0.2.1/24", "198.51.100.1/24"),
	)
	var got []string
	netns.Must(t, ns.Do(func() error {
		addrs, err := hostnet.Addresses("eth0")
		for _, a := range addrs {
			if !a.Addr().IsLinkLocalUnicast() {
				got = append(got, a.String())
			}
		}
		missing, missingErr := hostnet.Addresses("eth9")
		if len(missing) > 0 || missingErr != nil {
			t.Errorf("an interface that is not there has %v, %v", missing, missingErr)
		}
		return err
	}))
	want := []string{"192.0.2.1/24", "192.0.2.9/32", "198.51.100.1/24", "2001:db8::1/64", "2001:db8::2/64"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
}

// TestAddressesAreDistinct has one address on two interfaces.
func TestAddressesAreDistinct(t *testing.T) {
	ns := netns.NewTest(t, "host")
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"), ns.Addr("eth0", "192.0.2.1/32"), ns.Addr("eth1", "192.0.2.1/32"))
	netns.Must(t, ns.Do(func() error {
		addrs, err := hostnet.Addresses("")
		n := 0
		for _, a := range addrs {
			if a == netip.MustParsePrefix("192.0.2.1/32") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d times in %v", n, addrs)
		}
		return err
	}))
}

// TestFind finds the first interface of a namespace and the last, and nothing by names that
// none has or can have. It leaves nothing open.
func TestFind(t *testing.T) {
	ns := netns.NewTest(t, "host")
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"), ns.AltName("eth0", "lan"))
	netns.Must(t, ns.Do(func() error {
		for name, want := range map[string]string{
			"lo": "lo", "eth0": "eth0", "eth1": "eth1", "lan": "eth0",
			"": "", "eth9": "", "a-name-too-long-for-an-interface": "",
		} {
			ifi, err := hostnet.Find(name)
			switch {
			case err != nil:
				t.Errorf("%q: %v", name, err)
			case ifi == nil && want != "":
				t.Errorf("%q is not found", name)
			case ifi != nil && ifi.Name != want:
				t.Errorf("%q is %s, want %q", name, ifi.Name, want)
			}
		}
		before := netns.Descriptors(t)
		for range 50 {
			if _, err := hostnet.Find("eth9"); err != nil {
				return err
			}
		}
		if after := netns.Descriptors(t); after >= before+50 {
			t.Errorf("%d descriptors, %d before", after, before)
		}
		return nil
	}))
}

// TestIndex has names of interfaces that are there and of others.
func TestIndex(t *testing.T) {
	ns := netns.NewTest(t, "host")
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"), ns.AltName("eth0", "lan"))
	eth0, err := ns.Interface("eth0")
	netns.Must(t, err, ns.Do(func() error {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer func() { _ = unix.Close(fd) }()
		for name, want := range map[string]int{"lo": 1, "eth0": eth0.Index, "lan": eth0.Index, "eth9": 0, "a-name-too-long-for-an-interface": 0} {
			index, err := hostnet.Index(fd, name)
			if index != want || (want == 0) != errors.Is(err, unix.ENODEV) {
				t.Errorf("%s: %d, %v, want %d", name, index, err, want)
			}
		}
		return nil
	}))
}

// TestWithoutDescriptors asks when the process may have no more sockets.
func TestWithoutDescriptors(t *testing.T) {
	var limit unix.Rlimit
	netns.Must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	without := func(f func() error) error {
		netns.Must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Max: limit.Max}))
		defer func() { netns.Must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)) }()
		return f()
	}
	for want, f := range map[string]func() error{
		"look up addresses of interface lo: ": func() error { _, err := hostnet.Addresses("lo"); return err },
		"look up addresses of all interfaces: ": func() error {
			_, err := hostnet.Addresses("")
			return err
		},
		"look up MTU of interface lo: ": func() error {
			mtu, err := hostnet.MTU("lo")
			if mtu != 0 {
				t.Errorf("an MTU of %d", mtu)
			}
			return err
		},
		"watch network interfaces: ": func() error {
			_, err := hostnet.Watch(func() error { return nil }, slog.New(slog.DiscardHandler))
			return err
		},
	} {
		if err := without(f); !errors.Is(err, unix.EMFILE) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestClose waits for a call that is under way, ends all calls and leaves nothing open.
func TestClose(t *testing.T) {
	ns := netns.NewTest(t, "host")
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"))
	var looks atomic.Int32
	var ended atomic.Bool
	started, release := make(chan struct{}), make(chan struct{})
	before := netns.Descriptors(t)
	var w *hostnet.Watcher
	netns.Must(t, ns.Do(func() (err error) {
		w, err = hostnet.Watch(func() error {
			if looks.Add(1) == 2 {
				close(started)
				<-release
				ended.Store(true)
			}
			return nil
		}, slog.New(slog.DiscardHandler))
		return err
	}))
	netns.Must(t, ns.SetMTU("eth0", 1400))
	select {
	case <-started:
	case <-time.After(deadline):
		t.Fatal("a change is not noticed")
	}
	time.AfterFunc(30*time.Millisecond, func() { close(release) })
	netns.Must(t, w.Close())
	if !ended.Load() {
		t.Error("it is closed while a call is under way")
	}
	if after := netns.Descriptors(t); after > before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

// TestManyChanges wants one look for changes that come together, none without a change, and
// one line of a log for a trouble that ends.
func TestManyChanges(t *testing.T) {
	ns := netns.NewTest(t, "host")
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"))
	var looks atomic.Int32
	looking, goOn := make(chan struct{}, 100), make(chan struct{})
	var log pipelinetest.Buffer
	var w *hostnet.Watcher
	netns.Must(t, ns.Do(func() (err error) {
		w, err = hostnet.Watch(func() error {
			switch looks.Add(1) {
			case 1:
				return nil
			case 2:
				looking <- struct{}{}
				<-goOn
				return errors.New("broken") //nolint:err113 // only its text counts
			}
			looking <- struct{}{}
			return nil
		}, slog.New(slog.NewTextHandler(&log, nil)))
		return err
	}))
	awaitLook := func() {
		t.Helper()
		select {
		case <-looking:
		case <-time.After(deadline):
			t.Fatal("a change is not noticed")
		}
	}
	netns.Must(t, ns.SetMTU("eth0", 1400))
	awaitLook()
	for range 20 {
		netns.Must(t, ns.Addr("eth0", "192.0.2.1/24"), ns.DelAddr("eth0", "192.0.2.1/24"))
	}
	close(goOn)
	awaitLook()
	time.Sleep(600 * time.Millisecond) // the time of 12 looks, if each message were one
	if n := looks.Load(); n > 6 {
		t.Errorf("looked %d times", n)
	}
	netns.Must(t, w.Close())
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "error=broken") {
		t.Errorf("logged\n%s", text)
	}
}
