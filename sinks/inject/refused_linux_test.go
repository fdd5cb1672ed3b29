package inject_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/sinks/inject"
)

// TestRefused has the kernel refuse frames. Each refusal is counted, and what is strange is
// logged once. A packet that was refused is no repeated one.
func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		errno  unix.Errno
		reason pipeline.Reason
		lines  int // of the log
	}{
		{unix.EPERM, inject.NotPermitted, 1},
		{unix.EIO, inject.SendError, 1},
		{unix.ENOBUFS, inject.QueueFull, 0},
		{unix.EMSGSIZE, inject.TooLong, 0},
		{unix.ENETDOWN, inject.DeviceDown, 0},
		{unix.ENXIO, inject.NoDevice, 0},
	} {
		t.Run(unix.ErrnoName(tt.errno), func(t *testing.T) {
			sink, log := open(t, newHost(t), nil)
			p := message{plan: plans["IPv4"], port: 1, mtu: 1400, ttl: 60}.packet()
			netns.Must(t, netns.Refuse(unix.SYS_SENDTO, len(p.Data), tt.errno, func() error {
				for range 3 {
					if reason := deliver(sink, p); reason != tt.reason {
						return fmt.Errorf("reason %d, want %d", reason, tt.reason)
					}
				}
				return nil
			}))
			if text := log.String(); strings.Count(text, "\n") != tt.lines || strings.Count(text, "can't send frame") != tt.lines {
				t.Errorf("want %d lines in\n%s", tt.lines, text)
			}
			if reason := deliver(sink, p); reason != pipeline.Pass {
				t.Errorf("reason %d on another thread", reason)
			}
		})
	}
}

// TestOpenRefused has the kernel refuse a step of Open. Nothing is left open.
func TestOpenRefused(t *testing.T) {
	netns.Require(t)
	for _, tt := range []struct {
		name     string
		call     uint32
		argument int // the third one
		errno    unix.Errno
		want     string
		check    string // what `check --host` finds
	}{
		{"no netlink", unix.SYS_SOCKET, unix.NETLINK_ROUTE, unix.EMFILE, "open netlink: too many open files", "can't be looked up: open netlink: too many open files"},
		{"no mark", unix.SYS_SETSOCKOPT, unix.SO_MARK, unix.EPERM, "mark packets: operation not permitted", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sink, _ := build(t, asFrom)
			before := netns.Descriptors(t)
			err := netns.Refuse(tt.call, tt.argument, tt.errno, func() error { return sink.Open(t.Context()) })
			if want := "open device pmtud0: " + tt.want; err == nil || err.Error() != want {
				t.Errorf("open: %v, want %s", err, want)
			}
			if after := netns.Descriptors(t); after != before {
				t.Errorf("%d descriptors, %d before", after, before)
			}
			if tt.check == "" {
				return
			}
			var found []pipeline.HostFinding
			netns.Must(t, netns.Refuse(tt.call, tt.argument, tt.errno, func() error {
				found = sink.(pipeline.HostChecker).CheckHost()
				return nil
			}))
			want := []pipeline.HostFinding{{Subject: "device pmtud0", State: tt.check, Advice: "run this as root"}}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("check --host (-want +got):\n%s", diff)
			}
		})
	}
}
