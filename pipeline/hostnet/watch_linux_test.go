package hostnet_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline/hostnet"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// deadline bounds everything that a test waits for.
const deadline = 20 * time.Second

// watched is an interface as a watcher's owner sees it.
type watched struct {
	ns   *netns.NS
	name string

	looks atomic.Int32
	addrs atomic.Pointer[[]netip.Prefix]
	mtu   atomic.Int64

	gate sync.Mutex // holds up look
}

func (w *watched) look() error {
	w.gate.Lock()
	defer w.gate.Unlock()
	w.looks.Add(1)
	return w.ns.Do(func() error {
		addrs, err := hostnet.Addresses(w.name)
		if err != nil {
			return err
		}
		mtu, err := hostnet.MTU(w.name)
		w.addrs.Store(&addrs)
		w.mtu.Store(int64(mtu))
		return err
	})
}

// watch begins to watch the interface.
func watch(t *testing.T, ns *netns.NS, name string) *watched {
	t.Helper()
	w := &watched{ns: ns, name: name}
	var watcher *hostnet.Watcher
	netns.Must(t, ns.Do(func() (err error) {
		watcher, err = hostnet.Watch(w.look, slog.New(slog.DiscardHandler))
		return err
	}))
	t.Cleanup(func() {
		if err := watcher.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// await waits until the watcher's owner knows the MTU and the addresses, those that
// are link-local aside.
func (w *watched) await(t *testing.T, mtu int64, addrs ...string) {
	t.Helper()
	end := time.Now().Add(deadline)
	var got []string
	for time.Now().Before(end) {
		got = nil
		for _, a := range *w.addrs.Load() {
			if !a.Addr().IsLinkLocalUnicast() {
				got = append(got, a.String())
			}
		}
		if w.mtu.Load() == mtu && cmp.Equal(got, addrs) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("MTU %d, addresses %v, want %d, %v", w.mtu.Load(), got, mtu, addrs)
}

func TestWatch(t *testing.T) {
	ns := netns.NewTest(t, "host")
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"), ns.Addr("eth0", "192.0.2.1/24"))
	w := watch(t, ns, "eth0")
	w.await(t, 1500, "192.0.2.1/24") // was read before Watch returned

	netns.Must(t, ns.Addr("eth0", "2001:db8::1/64", "192.0.2.9/32"))
	w.await(t, 1500, "192.0.2.1/24", "192.0.2.9/32", "2001:db8::1/64")
	netns.Must(t, ns.DelAddr("eth0", "192.0.2.1/24"))
	w.await(t, 1500, "192.0.2.9/32", "2001:db8::1/64")
	netns.Must(t, ns.SetMTU("eth0", 1400))
	w.await(t, 1400, "192.0.2.9/32", "2001:db8::1/64")

	netns.Must(t, ns.Delete("eth0"))
	w.await(t, 0)
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"), ns.Addr("eth0", "198.51.100.1/24"))
	w.await(t, 1500, "198.51.100.1/24")
}

// TestAlternativeName watches an interface by a name that it has beside its own.
func TestAlternativeName(t *testing.T) {
	ns := netns.NewTest(t, "host")
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"), ns.Addr("eth0", "192.0.2.1/24"), ns.AltName("eth0", "lan"))
	w := watch(t, ns, "lan")
	w.await(t, 1500, "192.0.2.1/24")
	netns.Must(t, ns.SetMTU("eth0", 1400))
	w.await(t, 1400, "192.0.2.1/24")
	netns.Must(t, ns.Delete("eth0"))
	w.await(t, 0)
}

func TestAddressesOfAll(t *testing.T) {
	ns := netns.NewTest(t, "host")
	netns.Must(t,
		netns.Veth(ns, "eth0", ns, "eth1"),
		ns.Addr("eth0", "192.0.2.1/24"), ns.Addr("lo", "203.0.113.1/32"),
		ns.Do(func() error {
			addrs, err := hostnet.Addresses("")
			for _, want := range []string{"127.0.0.1/8", "192.0.2.1/24", "203.0.113.1/32"} {
				if !strings.Contains(fmt.Sprint(addrs), want) {
					t.Errorf("addresses are %v, without %s", addrs, want)
				}
			}
			return err
		}),
	)
}

// TestOverrun changes so much while nobody reads that the kernel has to drop
// messages: the watcher's owner sees the end of it all the same.
func TestOverrun(t *testing.T) {
	ns := netns.NewTest(t, "host")
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"))
	w := watch(t, ns, "eth0")
	w.await(t, 1500)

	w.gate.Lock()
	dropped := false
	for i := 0; !dropped; i++ {
		if i > 100_000 {
			t.Fatal("the kernel dropped no message")
		}
		netns.Must(t, ns.Addr("eth0", "192.0.2.1/24"), ns.DelAddr("eth0", "192.0.2.1/24"))
		if i%100 == 0 {
			dropped = drops(t, ns)
		}
	}
	netns.Must(t, ns.Addr("eth0", "192.0.2.7/24"))
	before := w.looks.Load()
	w.gate.Unlock()
	w.await(t, 1500, "192.0.2.7/24")
	t.Logf("looked %d times", w.looks.Load()-before)
}

// drops reports whether a netlink socket of the namespace has lost messages.
func drops(t *testing.T, ns *netns.NS) (lost bool) {
	t.Helper()
	netns.Must(t, ns.Do(func() error {
		var err error
		lost, err = netlinkDrops()
		return err
	}))
	return lost
}

// TestFailure fails to look at first, and later for a while.
func TestFailure(t *testing.T) {
	ns := netns.NewTest(t, "host")
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"))
	broken := errors.New("broken")
	var failing atomic.Bool
	var looks atomic.Int32
	look := func() error {
		looks.Add(1)
		if failing.Load() {
			return broken
		}
		return nil
	}
	var text bytes.Buffer // read when the watcher is closed
	log := slog.New(slog.NewTextHandler(&text, nil))
	watch := func() (w *hostnet.Watcher, err error) {
		err = ns.Do(func() error {
			w, err = hostnet.Watch(look, log)
			return err
		})
		return w, err
	}

	failing.Store(true)
	if _, err := watch(); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	failing.Store(false)
	w, err := watch()
	netns.Must(t, err)
	failing.Store(true)
	before := looks.Load()
	netns.Must(t, ns.SetMTU("eth0", 1400))
	for end := time.Now().Add(deadline); looks.Load() < before+2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not look again after a failure")
		}
	}
	netns.Must(t, w.Close())
	if n := strings.Count(text.String(), "error=broken"); n != 1 {
		t.Errorf("the log has %d lines about the error, want 1:\n%s", n, &text)
	}
}

// TestInterval wants looks in a namespace where nothing changes.
func TestInterval(t *testing.T) {
	var looks atomic.Int32
	var w *hostnet.Watcher
	netns.Must(t, netns.NewTest(t, "host").Do(func() (err error) {
		w, err = hostnet.WatchAlso(0, time.Millisecond, func() error { looks.Add(1); return nil }, slog.New(slog.DiscardHandler))
		return err
	}))
	for end := time.Now().Add(deadline); looks.Load() < 4; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not look when nothing changes")
		}
	}
	netns.Must(t, w.Close())
}

func TestCloseNothing(t *testing.T) {
	var w *hostnet.Watcher
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
