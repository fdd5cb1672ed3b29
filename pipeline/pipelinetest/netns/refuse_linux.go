package netns

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Refuse calls f on a thread of its own on which a system call fails where its third argument
// is n, as it may do under a security module. For write(2) and sendto(2) that is the length.
func Refuse(call uint32, n int, errno unix.Errno, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock it: the filter stays
		err := forbid(call, uint32(n), errno)
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

func forbid(call, n uint32, errno unix.Errno) error {
	// Offsets in struct seccomp_data (linux/seccomp.h) on little-endian machines.
	const number, thirdArgument = 0, 16 + 2*8
	return FilterCalls([]bpf.Instruction{
		bpf.LoadAbsolute{Off: number, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: 3},
		bpf.LoadAbsolute{Off: thirdArgument, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: n, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	})
}

// FilterCalls sets a filter of system calls (seccomp(2)) for the calling thread and for what it
// starts. It stays, and so does no_new_privs.
func FilterCalls(instructions []bpf.Instruction) error {
	program, err := bpf.Assemble(instructions)
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(program))
	for i, in := range program {
		filter[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0); err != nil {
		return fmt.Errorf("set system call filter: %w", err)
	}
	return nil
}
