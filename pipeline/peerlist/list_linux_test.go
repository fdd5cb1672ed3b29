package peerlist_test

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline/peerlist"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// ownInterface gives this process an interface with 10.99.0.1, fd99::1 and fe80::1.
func ownInterface(t *testing.T, name string) *netns.NS {
	t.Helper()
	own, other := netns.Own(t), netns.NewTest(t, "other")
	netns.Must(t, netns.Veth(own, name, other, "eth0"))
	t.Cleanup(func() { _ = own.Delete(name) }) // some tests delete it themselves
	netns.Must(t, own.Addr(name, "10.99.0.1/24", "fd99::1/64", "fe80::1/64"))
	return own
}

// list is an open list and its log.
type list struct {
	*peerlist.List
	log *pipelinetest.Buffer
}

func open(t *testing.T, texts ...string) list {
	t.Helper()
	l := list{log: new(pipelinetest.Buffer)}
	c := peerlist.Config{Refresh: time.Minute, Port: 4821, Log: slog.New(slog.NewTextHandler(l.log, nil))}
	for _, text := range texts {
		var a peerlist.Address
		netns.Must(t, a.UnmarshalText([]byte(text)))
		c.Addresses = append(c.Addresses, a)
	}
	l.List = peerlist.New(c)
	netns.Must(t, l.Open(t.Context()))
	t.Cleanup(func() { netns.Must(t, l.Close()) })
	return l
}

// inUse returns how many addresses of each peer are sent to, in the order of the list.
func (l list) inUse() (lines []string) {
	l.Measure(func(metric int, label string, value float64) {
		if peerlist.Metrics()[metric].Name == "addresses" {
			lines = append(lines, fmt.Sprintf("%s %v", label, value))
		}
	})
	return lines
}

// TestZones lists link-local addresses of this host and of others, by two names of an
// interface, and one on an interface that is not there.
func TestZones(t *testing.T) {
	own := ownInterface(t, "eth0")
	netns.Must(t, own.AltName("eth0", "lan"))
	l := open(t, "fe80::2%eth0", "fe80::2%lan", "fe80::3%lan", "fe80::1%eth0", "fe80::1%lan", "fe80::2%eth9", "fd99::1", "10.99.0.2")
	want := []string{
		"fe80::2%eth0 1", "fe80::2%lan 0", "fe80::3%lan 1", "fe80::1%eth0 0", "fe80::1%lan 0", "fe80::2%eth9 0",
		"fd99::1 0", "10.99.0.2 1",
	}
	if diff := cmp.Diff(want, l.inUse()); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	for _, why := range []string{
		"fe80::2%lan is a duplicate", "fe80::1%eth0 is this host's own", "fe80::1%lan is",
		"fe80::2%eth9 is on an interface that does not exist", "fd99::1 is this host's own",
	} {
		if !strings.Contains(l.log.String(), why) {
			t.Errorf("log lacks %q:\n%s", why, l.log)
		}
	}
	if !l.Plan().FromPeer(netip.MustParseAddr("fe80::3"), netip.MustParseAddr("192.0.2.1")) {
		t.Error("a message from a link-local peer is not known as such")
	}
}

// TestSameAddressOnTwoLinks has a peer with the link-local address that this host has on
// another interface, as unnumbered fabrics have.
func TestSameAddressOnTwoLinks(t *testing.T) {
	ownInterface(t, "eth0")
	own, other := netns.Own(t), netns.NewTest(t, "second")
	netns.Must(t, netns.Veth(own, "eth1", other, "eth0"))
	t.Cleanup(func() { netns.Must(t, own.Delete("eth1")) })
	if got := open(t, "fe80::1%eth1").inUse(); got[0] != "fe80::1%eth1 1" {
		t.Errorf("addresses in use: %v", got)
	}
}

// TestNoPeers lists this host alone, which is no trouble.
func TestNoPeers(t *testing.T) {
	l := open(t, "127.0.0.1")
	if err := l.Health(); err != nil || len(l.Targets()) != 0 {
		t.Errorf("complaint %v, targets %v", err, l.Targets())
	}
}

// TestInterfaceComesAndGoes follows a peer's interface, and says when nobody is left.
func TestInterfaceComesAndGoes(t *testing.T) {
	l := open(t, "fe80::2%eth0")
	if err := l.Health(); err == nil || !strings.Contains(err.Error(), "there is no interface eth0") {
		t.Errorf("complaint %v", err)
	}
	own := ownInterface(t, "eth0")
	pipelinetest.Eventually(t, func() bool { return l.inUse()[0] == "fe80::2%eth0 1" && l.Health() == nil })
	netns.Must(t, own.Delete("eth0"))
	pipelinetest.Eventually(t, func() bool { return l.inUse()[0] == "fe80::2%eth0 0" && l.Health() != nil })
	ownInterface(t, "eth0") // with another index
	pipelinetest.Eventually(t, func() bool { return l.inUse()[0] == "fe80::2%eth0 1" })
}

// TestOwnAddressComesAndGoes gives this host a peer's address while the list is open.
func TestOwnAddressComesAndGoes(t *testing.T) {
	own := ownInterface(t, "eth0")
	l := open(t, "10.99.0.7")
	netns.Must(t, own.Addr("eth0", "10.99.0.7/24"))
	pipelinetest.Eventually(t, func() bool { return l.inUse()[0] == "10.99.0.7 0" })
	netns.Must(t, own.DelAddr("eth0", "10.99.0.7/24"))
	pipelinetest.Eventually(t, func() bool { return l.inUse()[0] == "10.99.0.7 1" })
}
