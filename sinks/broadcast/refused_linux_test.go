package broadcast_test

import (
	"fmt"
	"testing"

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
	sink, err := broadcast.New(settings(func(s *broadcast.Settings) { s.Interface = "tun0" }), pipelinetest.Env(t))
	netns.Must(t, err)
	err = host.Do(func() error { return sink.Open(t.Context()) })
	const want = "open interface tun0: its packets have no Ethernet header, so there is no broadcast"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	netns.Must(t, sink.Close())
	var found []pipeline.HostFinding
	netns.Must(t, host.Do(func() error {
		found = sink.(pipeline.HostChecker).CheckHost()
		return nil
	}))
	if len(found) != 1 || found[0].Subject != "broadcast on tun0" || !found[0].Stops {
		t.Errorf("check --host finds %+v", found)
	}
}
