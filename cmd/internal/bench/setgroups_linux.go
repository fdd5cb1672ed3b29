package bench

import (
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// ignoreSetgroups lets setgroups(2) of processes that the calling thread starts succeed
// without doing anything: tcpdump sets its groups even when it is to stay root, which an
// unprivileged user namespace forbids. The thread stays so.
func ignoreSetgroups() error {
	return netns.FilterCalls([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 0, Size: 4}, // struct seccomp_data: the number of the system call
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SYS_SETGROUPS, SkipFalse: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO}, // without an error
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	})
}
