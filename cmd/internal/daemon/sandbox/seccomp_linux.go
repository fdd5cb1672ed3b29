package sandbox

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data (linux/seccomp.h) on little-endian machines.
const (
	seccompCall = 0
	seccompArch = 4
	seccompArgs = 16 // of 8 bytes each
)

// Results of a seccomp filter.
const (
	seccompAllow = 0x7fff0000
	seccompErrno = 0x00050000
)

// Of seccomp(2).
const (
	seccompSetModeFilter = 1
	seccompTSync         = 1 // for all threads
)

// confineCalls has the kernel refuse system calls that the plan does not need, see doc.go.
// It returns the name of what refuses them.
func confineCalls(p Plan) (string, error) {
	arch, ok := architecture()
	if !ok {
		return "", errors.New("no seccomp filter for this architecture")
	}
	program, err := p.program(arch)
	if err != nil {
		return "", err
	}
	if err := install(program); err != nil {
		return "", fmt.Errorf("seccomp: %w", err)
	}
	return "seccomp", nil
}

// program returns the filter for an architecture.
func (p Plan) program(arch uint32) ([]bpf.RawInstruction, error) {
	rules, err := p.rules()
	if err != nil {
		return nil, err
	}
	return bpf.Assemble(filter(arch, rules))
}

// rule decides about system calls. Without instructions it refuses them.
type rule struct {
	calls   []uint32
	errno   unix.Errno        // what it refuses them with
	allowed []bpf.Instruction // end with a result, but for those they refuse, which go on
}

// filter returns a filter of rules, the first of which come first. It allows what no rule
// is about, up to the newest system call that it knows. Calls of which no argument counts
// cost nothing: the kernel notes the result beforehand (kernel/seccomp.c,
// seccomp_cache_prepare).
func filter(arch uint32, rules []rule) []bpf.Instruction {
	p := []bpf.Instruction{
		bpf.LoadAbsolute{Off: seccompArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: arch, SkipTrue: 1},
		refuse(unix.ENOSYS),
		bpf.LoadAbsolute{Off: seccompCall, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: newestCall, SkipFalse: 1}, // those of the x32 ABI are, too
		refuse(unix.ENOSYS),
	}
	for _, r := range rules {
		for _, call := range r.calls {
			p = append(p, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: uint8(len(r.allowed) + 1)})
			p = append(p, r.allowed...)
			p = append(p, refuse(r.errno))
		}
	}
	return append(p, allow)
}

var allow = bpf.RetConstant{Val: seccompAllow}

func refuse(errno unix.Errno) bpf.Instruction {
	return bpf.RetConstant{Val: seccompErrno | uint32(errno)}
}

// argument loads the lower half of an argument, which is all there is of an int.
func argument(i uint32) bpf.Instruction {
	return bpf.LoadAbsolute{Off: seccompArgs + 8*i, Size: 4}
}

// unlessBits allows a call if none of the bits is in an argument.
func unlessBits(i, bits uint32) []bpf.Instruction {
	return []bpf.Instruction{argument(i), bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: bits, SkipTrue: 1}, allow}
}

// ifOneOf allows a call if an argument is one of the values.
func ifOneOf(i uint32, values ...uint32) []bpf.Instruction {
	p := []bpf.Instruction{argument(i)}
	for _, v := range values {
		p = append(p, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: v, SkipTrue: 1}, allow)
	}
	return p
}

// unlessOneOf allows a call unless an argument is one of the values.
func unlessOneOf(i uint32, values ...uint32) []bpf.Instruction {
	p := []bpf.Instruction{argument(i)}
	for at, v := range values {
		p = append(p, bpf.JumpIf{Cond: bpf.JumpEqual, Val: v, SkipTrue: uint8(len(values) - at)})
	}
	return append(p, allow)
}

// install installs the program for all threads. The process must have no_new_privs.
func install(program []bpf.RawInstruction) error {
	filters := make([]unix.SockFilter, len(program))
	for i, r := range program {
		filters[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	prog := unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, seccompSetModeFilter, seccompTSync, uintptr(unsafe.Pointer(&prog)))
	switch {
	case errno != 0:
		return errno
	case thread != 0:
		return errors.New("a thread has a filter of its own")
	}
	return nil
}
