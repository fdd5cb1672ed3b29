package sane_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/filters/sane"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// await decides about the message until the reason is the one that is wanted.
func await(t *testing.T, f pipeline.Filter, name string, v vector, want pipeline.Reason) {
	t.Helper()
	p := v.packet()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		got := pipelinetest.Decide(f, &p)
		if got == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: reason %d, want %d", name, got, want)
		}
	}
}

// open opens a filter with the checks that ask the host, and no other.
func open(t *testing.T, name string) pipeline.Filter {
	t.Helper()
	f := build(t, sane.Settings{OwnSource: true, BroadcastTarget: true, InterfaceMTU: true, Interface: name})
	opener := f.(pipeline.Opener)
	netns.Must(t, opener.Open(t.Context()))
	t.Cleanup(func() {
		if err := opener.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// TestHost changes the host below a filter.
func TestHost(t *testing.T) {
	ns := netns.Own(t)
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"), ns.Addr("eth0", "198.51.100.9/28", "2001:db8::9/64"))
	t.Cleanup(func() { netns.Must(t, ns.Delete("eth0")) })
	f := open(t, "eth0")

	for _, tc := range []struct {
		name string
		v    vector
		want pipeline.Reason
	}{
		{"own source", vector{src: "198.51.100.9"}, sane.OwnSource},
		{"own source on another interface", vector{src: "127.0.0.1"}, sane.OwnSource},
		{"own source, IPv6", vector{v6: true, src: "2001:db8::9"}, sane.OwnSource},
		{"source of the same network", vector{src: "198.51.100.8"}, pipeline.Pass},
		{"source of the same network, IPv6", vector{v6: true, src: "2001:db8::8"}, pipeline.Pass},
		{"source of another network with the same last bits", vector{src: "192.0.2.9"}, pipeline.Pass},
		{"source that ends in the same six bits", vector{src: "198.51.100.73"}, pipeline.Pass},
		{"target that ends in the same six bits as the broadcast address", vector{dst: "198.51.100.79"}, pipeline.Pass},
		{"broadcast address", vector{dst: "198.51.100.15"}, sane.BroadcastTarget},
		{"first address", vector{dst: "198.51.100.0"}, pipeline.Pass},
		{"broadcast address of a larger network", vector{dst: "198.51.100.255"}, pipeline.Pass},
		{"own address", vector{dst: "198.51.100.9"}, pipeline.Pass},
		{"MTU below the interface's", vector{mtu: 1499}, pipeline.Pass},
		{"MTU of the interface", vector{mtu: 1500}, sane.InterfaceMTU},
		{"MTU above the interface's", vector{mtu: 65535}, sane.InterfaceMTU},
		{"MTU 0", vector{noMTU: true}, pipeline.Pass},
		{"MTU below the interface's, IPv6", vector{v6: true, mtu: 1499}, pipeline.Pass},
		{"MTU above the interface's, IPv6", vector{v6: true, mtu: 1<<32 - 1}, sane.InterfaceMTU},
		{"no PTB", vector{mtu: 65535, change: set(20, 8, 0)}, pipeline.Pass},
	} {
		p := tc.v.packet()
		if got := pipelinetest.Decide(f, &p); got != tc.want {
			t.Errorf("%s: reason %d, want %d", tc.name, got, tc.want)
		}
	}

	netns.Must(t, ns.Addr("eth0", "203.0.113.1/32"))
	await(t, f, "new address", vector{}, sane.OwnSource)
	netns.Must(t, ns.DelAddr("eth0", "203.0.113.1/32"))
	await(t, f, "deleted address", vector{}, pipeline.Pass)
	netns.Must(t, ns.SetMTU("eth0", 1400))
	await(t, f, "new MTU", vector{mtu: 1400}, sane.InterfaceMTU)
	netns.Must(t, ns.Delete("eth0"))
	await(t, f, "no interface", vector{mtu: 1400, src: "198.51.100.9", dst: "198.51.100.15"}, pipeline.Pass)
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"))
	await(t, f, "interface again", vector{mtu: 1500}, sane.InterfaceMTU)
}

// TestBroadcastAddresses has addresses with networks of every kind, each at an even
// address, so that the last bit of the broadcast address is not the address' own.
func TestBroadcastAddresses(t *testing.T) {
	ns := netns.Own(t)
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"))
	t.Cleanup(func() { netns.Must(t, ns.Delete("eth0")) })
	netns.Must(t, ns.Addr("eth0", "198.51.100.34/28", "198.51.100.64/31", "198.51.100.80/32", "198.51.100.88/30",
		"198.51.100.130/25", "203.0.112.2/23", "10.0.0.2/8", "2001:db8::8/126", "2001:db9::8/28"))
	f := open(t, "eth0")
	for _, tc := range []struct {
		name, dst string
		want      pipeline.Reason
	}{
		{"/28", "198.51.100.47", sane.BroadcastTarget},
		{"/28, one below", "198.51.100.46", pipeline.Pass},
		{"/30", "198.51.100.91", sane.BroadcastTarget},
		{"/31 has none: the other end", "198.51.100.65", pipeline.Pass},
		{"/31 has none: its own end", "198.51.100.64", pipeline.Pass},
		{"/32 has none", "198.51.100.80", pipeline.Pass},
		{"/32 has none: the next address", "198.51.100.81", pipeline.Pass},
		{"/25", "198.51.100.255", sane.BroadcastTarget},
		{"/25, of the half below", "198.51.100.127", pipeline.Pass},
		{"/23", "203.0.113.255", sane.BroadcastTarget},
		{"/23, end of its first half", "203.0.112.255", pipeline.Pass},
		{"/8", "10.255.255.255", sane.BroadcastTarget},
		{"IPv6 has none", "2001:db8::b", pipeline.Pass},
	} {
		v := vector{dst: tc.dst, v6: strings.Contains(tc.dst, ":")}
		p := v.packet()
		if got := pipelinetest.Decide(f, &p); got != tc.want {
			t.Errorf("%s: reason %d, want %d", tc.name, got, tc.want)
		}
	}
}

// TestNoInterface opens while there is none.
func TestNoInterface(t *testing.T) {
	ns := netns.Own(t)
	f := open(t, "eth0")
	await(t, f, "no interface", vector{mtu: 1500}, pipeline.Pass)
	netns.Must(t, netns.Veth(ns, "eth0", ns, "eth1"))
	t.Cleanup(func() { netns.Must(t, ns.Delete("eth0")) })
	await(t, f, "interface", vector{mtu: 1500}, sane.InterfaceMTU)
}
