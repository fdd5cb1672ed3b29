package gate_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sources/pcap/internal/gate"
)

// TestSpare has the program give up its rights, and then make gates as reloads do: new ones for
// two sources while it has the old ones.
func TestSpare(t *testing.T) {
	config := gate.Config{Filter: []bpf.Instruction{bpf.RetConstant{Val: 99}}}
	netns.RequireHostRoot(t)
	two := func() (g [2]*gate.Gate) {
		t.Helper()
		for i := range g {
			var err error
			g[i], err = gate.New(config)
			netns.Must(t, err)
		}
		return g
	}
	old := two()
	packet := from("198.51.100.1", "203.0.113.7", 443)

	runtime.LockOSThread() // for good: the thread ends with the test
	var none [2]unix.CapUserData
	netns.Must(t, unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]))
	for reload := range 3 {
		next := two()
		for i, g := range next {
			if n, refused := keepsElsewhere(t, g, packet), g.TakeRefused(); n != 99 || refused != 0 {
				t.Errorf("reload %d, gate %d: it keeps %d bytes, and has refused %d", reload, i, n, refused)
			}
		}
		for _, g := range old {
			g.Shut(time.Hour, time.Hour)
			keepsElsewhere(t, g, packet)
			g.Close()
		}
		old = next
	}
	for _, g := range old {
		g.Close()
	}
	if _, err := gate.New(gate.Config{Filter: accept, Header: 14}); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "CAP_BPF") {
		t.Errorf("a gate of a new kind: %v", err)
	}
	if !gate.WasLoaded() {
		t.Error("it forgot that it could load gates")
	}
}

// keepsElsewhere is keeps on a thread that has its rights: without, Linux 5.10 runs no programs for
// tests.
func keepsElsewhere(t *testing.T, g *gate.Gate, packet []byte) int {
	t.Helper()
	type result struct {
		kept int
		err  error
	}
	done := make(chan result)
	go func() {
		n, err := g.Run(host, packet)
		done <- result{n, err}
	}()
	r := <-done
	netns.Must(t, r.err)
	return r.kept
}

// TestBounded makes and closes many gates: what is kept of them does not grow.
func TestBounded(t *testing.T) {
	config := gate.Config{Filter: []bpf.Instruction{bpf.RetConstant{Val: 98}}}
	configured(t, config)
	kept := func() (descriptors, maps int) {
		text, err := os.ReadFile("/proc/self/maps")
		netns.Must(t, err)
		return netns.Descriptors(t), strings.Count(string(text), "bpf-map")
	}
	another := func() {
		g, err := gate.New(config)
		netns.Must(t, err)
		g.Close()
	}
	another()
	descriptors, maps := kept()
	for range 5 {
		another()
		if _, err := gate.New(gate.Config{}); err == nil {
			t.Fatal("there is a gate behind no program")
		}
	}
	if d, m := kept(); d != descriptors || m != maps || maps == 0 {
		t.Errorf("%d descriptors and %d maps in memory, before %d and %d", d, m, descriptors, maps)
	}
}

// TestClock has files of time namespaces.
func TestClock(t *testing.T) {
	for text, want := range map[string]bool{
		"monotonic           0         0\nboottime            0         0\n":     false,
		"monotonic           0         0\nboottime            86400         0\n": false,
		"monotonic           -5         0\nboottime            0         0\n":    true,
		"monotonic           0         1\nboottime            0         0\n":     true,
		"": false,
	} {
		if got := gate.HasOffset(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
