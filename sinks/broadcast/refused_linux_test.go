package broadcast_test

import (
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/net/bpf"
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
			done := make(chan error)
			go func() {
				runtime.LockOSThread() // and never unlock it: the filter stays
				if err := refuseWrites(len(ptb().Data), tc.errno); err != nil {
					done <- err
					return
				}
				for range 3 {
					if reason := deliver(sink, ptb()); reason != tc.reason {
						done <- fmt.Errorf("reason %d, want %d", reason, tc.reason)
						return
					}
				}
				done <- nil
			}()
			netns.Must(t, <-done)
			checkLog(t, log.String(), tc.log)
			if reason := deliver(sink, ptb()); reason != pipeline.Pass {
				t.Errorf("reason %d on another thread", reason)
			}
		})
	}
}

// refuseWrites makes write(2) of n bytes fail on the calling thread.
func refuseWrites(n int, errno unix.Errno) error {
	// Offsets in struct seccomp_data (linux/seccomp.h) on little-endian machines.
	const call, thirdArgument = 0, 16 + 2*8
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: call, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_WRITE, SkipTrue: 3},
		bpf.LoadAbsolute{Off: thirdArgument, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(n), SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	})
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(program))
	for i, in := range program {
		filter[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0)
}
