package inject_test

import (
	"context"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// onlyRaw leaves the calling thread no capability but CAP_NET_RAW.
func onlyRaw() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{{Effective: 1 << unix.CAP_NET_RAW, Permitted: 1 << unix.CAP_NET_RAW}}
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
