package bench

import (
	"fmt"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// ignoreSetgroups lets setgroups(2) of processes that the calling thread starts succeed
// without doing anything: tcpdump sets its groups even when it is to stay root, which an
// unprivileged user namespace forbids. The thread stays so.
func ignoreSetgroups() error {
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 0, Size: 4}, // struct seccomp_data: the number of the system call
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SYS_SETGROUPS, SkipFalse: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO}, // without an error
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
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0); err != nil {
		return fmt.Errorf("set system call filter: %w", err)
	}
	return nil
}
