package sandbox

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data (linux/seccomp.h) on little-endian machines.
const (
	seccompCall = 0
	seccompArch = 4

	// The first three arguments.
	socketFamily   = 16
	socketType     = 24
	socketProtocol = 32
)

// socketTypes is what a socket's type is without flags (SOCK_TYPE_MASK in
// linux/net.h).
const socketTypes = 0xf

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

// x32 is the bit of calls of the x32 ABI, which has numbers of its own.
const x32 = 0x40000000

// families are the numbers of those that stages may ask for.
var families = map[string]uint32{
	"AF_UNIX": unix.AF_UNIX, "AF_INET": unix.AF_INET, "AF_INET6": unix.AF_INET6,
	"AF_NETLINK": unix.AF_NETLINK, "AF_PACKET": unix.AF_PACKET, "AF_VSOCK": unix.AF_VSOCK, "AF_XDP": unix.AF_XDP,
}

// architecture returns what the filter sees of programs like this one
// (linux/audit.h).
func architecture() (uint32, bool) {
	arch, ok := map[string]uint32{
		"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64,
		"riscv64": unix.AUDIT_ARCH_RISCV64, "loong64": unix.AUDIT_ARCH_LOONGARCH64,
	}[runtime.GOARCH]
	return arch, ok
}

// confineSockets lets the process make sockets of the families, and of AF_UNIX, and
// no others: EAFNOSUPPORT. Of connections it lets it make TCP's only: Landlock doesn't
// know the ports of other protocols, and Multipath TCP speaks with whoever speaks TCP.
func confineSockets(names []string) (string, error) {
	arch, ok := architecture()
	if !ok {
		return "", fmt.Errorf("no seccomp filter for %s", runtime.GOARCH)
	}
	program, err := socketProgram(arch, names)
	if err != nil {
		return "", err
	}
	if err := install(program); err != nil {
		return "", fmt.Errorf("seccomp: %w", err)
	}
	return "seccomp", nil
}

func socketProgram(arch uint32, names []string) ([]bpf.RawInstruction, error) {
	allow := bpf.RetConstant{Val: seccompAllow}
	program := []bpf.Instruction{
		bpf.LoadAbsolute{Off: seccompArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: arch, SkipTrue: 1},
		refuse(unix.ENOSYS),
		bpf.LoadAbsolute{Off: seccompCall, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: x32, SkipTrue: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_IO_URING_SETUP, SkipTrue: 1},
		refuse(unix.ENOSYS),
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SYS_SOCKET, SkipTrue: 1},
		allow,
	}
	program = append(program, refuseConnections()...)
	program = append(program, bpf.LoadAbsolute{Off: socketFamily, Size: 4})
	for _, name := range with([]string{"AF_UNIX"}, names...) {
		family, ok := families[name]
		if !ok {
			return nil, fmt.Errorf("unknown address family %s", name)
		}
		program = append(program, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: family, SkipTrue: 1}, allow)
	}
	program = append(program, refuse(unix.EAFNOSUPPORT))
	return bpf.Assemble(program)
}

// refuseConnections refuses sockets for connections of protocols other than TCP and the
// family's own, which is TCP for those that have it.
func refuseConnections() []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: socketType, Size: 4},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: socketTypes},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SOCK_DGRAM, SkipTrue: 5},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SOCK_RAW, SkipTrue: 4},
		bpf.LoadAbsolute{Off: socketProtocol, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_TCP, SkipTrue: 1},
		refuse(unix.EPROTONOSUPPORT),
	}
}

func refuse(errno unix.Errno) bpf.Instruction {
	return bpf.RetConstant{Val: seccompErrno | uint32(errno)}
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
