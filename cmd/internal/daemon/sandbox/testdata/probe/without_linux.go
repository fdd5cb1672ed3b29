package main

import (
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// allThreads has a filter hold for all threads of the process, and not for the calling one alone.
const allThreads = 1

const allowed = 0x7fff0000

// without makes the kernel one that lacks a system call, or what of it the condition leaves.
func without(call uint32, flags uintptr, condition ...bpf.Instruction) error {
	filter := []bpf.Instruction{
		bpf.LoadAbsolute{Off: 0, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: call, SkipTrue: 1},
		bpf.RetConstant{Val: allowed},
	}
	filter = append(filter, condition...)
	program, err := bpf.Assemble(append(filter, bpf.RetConstant{Val: 0x00050000 | uint32(unix.ENOSYS)}))
	if err != nil {
		return err
	}
	filters := make([]unix.SockFilter, len(program))
	for i, r := range program {
		filters[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	prog := unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]}
	const setModeFilter = 1
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, setModeFilter, flags, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	return nil
}

// ifArgument is the condition that an argument is a value.
func ifArgument(i, value uint32) []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: 16 + 8*i, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: value, SkipTrue: 1},
		bpf.RetConstant{Val: allowed},
	}
}
