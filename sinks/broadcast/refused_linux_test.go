package broadcast_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/broadcast"
)

// TestRefused has the kernel refuse to write frames, as a security module would: each
// refusal is counted and told once, and other threads send on.
func TestRefused(t *testing.T) {
	for _, tc := range []struct {
		errno  unix.Errno
		reason pipeline.Reason
		log    []string
	}{
		{unix.EPERM, broadcast.NotPermitted, []string{"can't send frame"}},
		{unix.EACCES, broadcast.NotPermitted, []string{"can't send frame"}},
		{unix.EIO, broadcast.SendError, []string{"can't send frame"}},
		{unix.ENOMEM, broadcast.QueueFull, nil},
		{unix.EMSGSIZE, broadcast.FrameTooLong, nil},
		{unix.ENETDOWN, broadcast.InterfaceDown, []string{"interface is down, nothing is sent"}},
		{unix.ENXIO, broadcast.NoInterface, []string{"interface is gone, nothing is sent"}},
	} {
		t.Run(unix.ErrnoName(tc.errno), func(t *testing.T) {
			lan := newLAN(t)
			sink, log := open(t, lan.host, settings())
			netns.Must(t, netns.Refuse(unix.SYS_WRITE, len(ptb().Data), tc.errno, func() error {
				for range 3 {
					if reason := deliver(sink, ptb()); reason != tc.reason {
						return fmt.Errorf("reason %d, want %d", reason, tc.reason)
					}
				}
				return nil
			}))
			checkLog(t, log.String(), tc.log)
			if reason := deliver(sink, ptb()); reason != pipeline.Pass {
				t.Errorf("reason %d on another thread", reason)
			}
		})
	}
}

// TestWithoutLinkLayer opens a sink on an interface that has no broadcast.
func TestWithoutLinkLayer(t *testing.T) {
	host := netns.NewTest(t, "host")
	netns.NewTUN(t, host, "tun0")
	netns.Must(t, host.Up("tun0"))
	sink := build(t, settings(onTUN))
	before := netns.Descriptors(t)
	err := host.Do(func() error { return sink.Open(t.Context()) })
	const want = "open interface tun0: its packets have no Ethernet header, so there is no broadcast"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	netns.Must(t, sink.Close())
	if after := netns.Descriptors(t); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

func onTUN(s *broadcast.Settings) { s.Interface = "tun0" }

// TestCheckHost looks at interfaces with and without broadcast, and at one that is not there,
// which the sink's needs tell.
func TestCheckHost(t *testing.T) {
	lan := newLAN(t)
	netns.NewTUN(t, lan.host, "tun0")
	for name, tc := range map[string]struct {
		change func(*broadcast.Settings)
		want   []pipeline.HostFinding
	}{
		"Ethernet": {func(*broadcast.Settings) {}, nil},
		"missing":  {func(s *broadcast.Settings) { s.Interface = "eth7" }, nil},
		"tunnel": {onTUN, []pipeline.HostFinding{{
			Subject: "broadcast on tun0", State: "is impossible: packets there have no Ethernet header",
			Advice: "use the sink peers or relay", Stops: true,
		}}},
	} {
		sink := build(t, settings(tc.change))
		before := netns.Descriptors(t)
		var found []pipeline.HostFinding
		netns.Must(t, lan.host.Do(func() error {
			found = sink.(pipeline.HostChecker).CheckHost()
			return nil
		}))
		if diff := cmp.Diff(tc.want, found); diff != "" {
			t.Errorf("%s: check --host (-want +got):\n%s", name, diff)
		}
		if after := netns.Descriptors(t); after != before {
			t.Errorf("%s: %d descriptors, %d before", name, after, before)
		}
	}
}

// TestReplacedByTunnel has an interface without broadcast take the name of the deleted one. The
// sink leaves it alone, also when it looks for the interface again, and sends when it is back.
func TestReplacedByTunnel(t *testing.T) {
	lan := newLAN(t)
	sink, log := open(t, lan.host, settings())
	netns.Must(t, lan.host.Delete("eth0"))
	netns.NewTUN(t, lan.host, "eth0")
	netns.Must(t, lan.host.Up("eth0"))
	const interval = 100 * time.Millisecond // at which it looks
	for begin := time.Now(); time.Since(begin) < 3*interval; {
		if reason := deliver(sink, ptb()); reason != broadcast.NoInterface {
			t.Fatalf("reason %d", reason)
		}
	}
	netns.Must(t, lan.rename("eth0", "tun0"), netns.Veth(lan.host, "eth0", lan.wire, "eth0"))
	time.Sleep(interval)
	if reason := deliver(sink, ptb()); reason == broadcast.NoInterface { // it may have no carrier yet
		t.Error("the interface that is back is not found at once")
	}
	pipelinetest.Eventually(t, func() bool { return deliver(sink, ptb()) == pipeline.Pass })
	text := log.String()
	if !strings.Contains(text, "interface is gone, nothing is sent") || !strings.HasSuffix(text, "msg=\"interface is up again, sending\" interface=eth0\n") {
		t.Errorf("log:\n%s", text)
	}
}

// TestClosed has nothing to complain of.
func TestClosed(t *testing.T) {
	lan := newLAN(t)
	sink := build(t, settings())
	netns.Must(t, lan.host.Do(func() error { return sink.Open(t.Context()) }), lan.host.Down("eth0"))
	awaitComplaint(t, sink, "interface eth0 is down")
	netns.Must(t, sink.Close())
	awaitComplaint(t, sink, "<nil>")
}
