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

// TestSpare has the program give up its rights, and then make gates as reloads do: a new one while
// it has the old one.
func TestSpare(t *testing.T) {
	classic := []bpf.Instruction{bpf.RetConstant{Val: 99}}
	old := newGate(t, classic, 0)
	newGate(t, accept, 0) // of another kind
	packet := from("198.51.100.1", "203.0.113.7", 443)

	runtime.LockOSThread() // for good: the thread ends with the test
	var none [2]unix.CapUserData
	netns.Must(t, unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]))
	for reload := range 3 {
		next, err := gate.New(classic, 0)
		netns.Must(t, err)
		if n := keeps(t, next, packet); n != 99 {
			t.Errorf("reload %d: it keeps %d bytes", reload, n)
		}
		if n := next.TakeRefused(); n != 0 {
			t.Errorf("reload %d: it has refused %d", reload, n)
		}
		old.Shut(time.Hour, time.Hour)
		keeps(t, old, packet)
		netns.Must(t, old.Close())
		old = next
	}
	if _, err := gate.New(accept, 14); !errors.Is(err, os.ErrPermission) {
		t.Errorf("a gate of a new kind: %v", err)
	}
}

// TestOneSpare makes and closes many gates: what is kept of them is one.
func TestOneSpare(t *testing.T) {
	classic := []bpf.Instruction{bpf.RetConstant{Val: 98}}
	newGate(t, classic, 0) // leaves a spare one
	kept := func() (descriptors, maps int) {
		text, err := os.ReadFile("/proc/self/maps")
		netns.Must(t, err)
		return netns.Descriptors(t), strings.Count(string(text), "bpf-map")
	}
	descriptors, maps := kept()
	for range 5 {
		g, err := gate.New(classic, 0)
		netns.Must(t, err, g.Close())
	}
	for range 5 {
		if _, err := gate.New(accept[:0], 0); err == nil {
			t.Fatal("there is a gate behind no program")
		}
	}
	if d, m := kept(); d != descriptors || m != maps || maps == 0 {
		t.Errorf("%d descriptors and %d maps in memory, before %d and %d", d, m, descriptors, maps)
	}
}
