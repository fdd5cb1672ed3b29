package broadcast_test

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
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
