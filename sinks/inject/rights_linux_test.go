package inject_test

import (
	"context"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/inject"
)

// onlyRaw leaves the calling thread no capability but CAP_NET_RAW.
func onlyRaw() error { return only(1 << unix.CAP_NET_RAW) }

// only leaves the calling thread no capabilities but these.
func only(capabilities uint32) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{{Effective: capabilities, Permitted: capabilities}}
	return unix.Capset(&header, &data[0])
}

// TestWithoutAdmin opens a sink without CAP_NET_ADMIN. A device made beforehand takes packets, to
// make one fails with the name of the right.
func TestWithoutAdmin(t *testing.T) {
	host := netns.Own(t)
	netns.Must(t, netns.Veth(host, "mine", host, "end"), host.Addr("mine", "169.254.77.1/32"))
	t.Cleanup(func() { netns.Must(t, host.Delete("mine")) })
	device := newTap(t, host, "mine")
	prepared, _ := build(t, mine)
	made, _ := build(t, nil)
	m := message{plan: plans["IPv4"], port: clientPort, mtu: 1400, ttl: 60}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock it
		err := onlyRaw()
		if err == nil {
			err = prepared.Open(context.Background())
		}
		if err == nil {
			if e := made.Open(context.Background()); e == nil || e.Error() != "open device pmtud0: make device pmtud0: operation not permitted (it needs CAP_NET_ADMIN)" {
				t.Errorf("open: %v", e)
			}
			await(t, func() error { return prepared.(pipeline.HealthChecker).Health() })
			if reason := deliver(prepared, m.packet()); reason != pipeline.Pass {
				t.Errorf("reason %d", reason)
			}
		}
		done <- err
	}()
	netns.Must(t, <-done)
	device.until(t, func(p *pipeline.Packet) bool { return p.Injected() })
	netns.Must(t, prepared.Close(), made.Close())
}

// TestWithoutRaw opens a sink without CAP_NET_RAW.
func TestWithoutRaw(t *testing.T) {
	host := newHost(t)
	sink, _ := build(t, mine)
	err := host.Do(func() error { return errorOf(only(1<<unix.CAP_NET_ADMIN), sink.Open(t.Context())) })
	const want = "open device mine: open packet socket: operation not permitted (it needs CAP_NET_RAW)"
	if err == nil || err.Error() != want {
		t.Errorf("open: %v, want %s", err, want)
	}
	netns.Must(t, sink.Close())
}

// TestCloseWithoutAdmin closes a sink that has lost the right to remove what it made.
func TestCloseWithoutAdmin(t *testing.T) {
	host := newHost(t)
	sink, _ := build(t, nil)
	netns.Must(t, host.Do(func() error { return sink.Open(t.Context()) }))
	err := host.Do(func() error { return errorOf(onlyRaw(), sink.Close()) })
	const want = "remove device pmtud0: operation not permitted (it needs CAP_NET_ADMIN)\n" +
		"delete policy rule 10: operation not permitted\ndelete policy rule 10: operation not permitted"
	if err == nil || err.Error() != want {
		t.Errorf("close: %v, want %s", err, want)
	}
	wantTraces(t, host, pair, ofDevice)
	if reason := deliver(sink, message{plan: plans["IPv4"], port: 1, mtu: 1400, ttl: 60}.packet()); reason != inject.NoDevice {
		t.Errorf("reason %d after close", reason)
	}
	netns.Must(t, sink.Close())
}
