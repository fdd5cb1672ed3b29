//go:build amd64 || arm64 || riscv64 || loong64

package sandbox

import (
	"os"
	"runtime"
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// newestCall is the last system call that is known here. What is newer does not exist for
// a confined process.
const newestCall = unix.SYS_MSEAL

// architecture returns what the filter sees of programs like this one
// (linux/audit.h).
func architecture() (uint32, bool) {
	arch, ok := map[string]uint32{
		"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64,
		"riscv64": unix.AUDIT_ARCH_RISCV64, "loong64": unix.AUDIT_ARCH_LOONGARCH64,
	}[runtime.GOARCH]
	return arch, ok
}

// namespaces are the flags of clone(2) that make namespaces.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// setID are the bits of a file's mode that lend its owner's rights.
const setID = unix.S_ISUID | unix.S_ISGID

// TIOCLINUX pastes into a console (ioctl_console(2)).
const tioclinux = 0x541c

// rules returns what is decided of system calls.
func (p Plan) rules() ([]rule, error) {
	sockets, err := p.socketRules()
	if err != nil {
		return nil, err
	}
	self := uint32(os.Getpid())
	return slices.Concat(sockets, legacyRules(), []rule{
		// A new file could be one that lends its owner's rights.
		{calls: []uint32{unix.SYS_OPENAT}, errno: unix.EPERM, allowed: unlessBits(3, setID)},
		// Code comes from the program's file alone.
		{calls: []uint32{unix.SYS_MMAP, unix.SYS_MPROTECT, unix.SYS_PKEY_MPROTECT}, errno: unix.EPERM, allowed: unlessBits(2, unix.PROT_EXEC)},
		{calls: []uint32{unix.SYS_CLONE}, errno: unix.EPERM, allowed: threads()},
		{calls: []uint32{unix.SYS_KILL, unix.SYS_TGKILL}, errno: unix.EPERM, allowed: ifOneOf(0, self)},
		{calls: []uint32{unix.SYS_PRLIMIT64}, errno: unix.EPERM, allowed: ifOneOf(0, 0, self)},
		{calls: []uint32{unix.SYS_IOCTL}, errno: unix.EPERM, allowed: unlessOneOf(1, unix.TIOCSTI, tioclinux)},
		{calls: refused, errno: unix.EPERM},
		// Their arguments lie in memory. Who calls them knows what to do without.
		{calls: []uint32{
			unix.SYS_CLONE3, unix.SYS_OPENAT2, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
		}, errno: unix.ENOSYS},
	}), nil
}

// threads allows clone(2) for threads of this process. The flags are the first argument on
// all these architectures.
func threads() []bpf.Instruction {
	return []bpf.Instruction{
		argument(0),
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: namespaces, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.CLONE_THREAD, SkipFalse: 1},
		allow,
	}
}

// refused are calls that nothing here needs once all is open.
var refused = []uint32{
	// Other programs, namespaces and file systems.
	unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_CHROOT, unix.SYS_PIVOT_ROOT,
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_FSOPEN, unix.SYS_FSCONFIG,
	unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,

	// What files are allowed and look like.
	unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWN, unix.SYS_FCHOWNAT,
	unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR,
	unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR,
	unix.SYS_UTIMENSAT, unix.SYS_MKNODAT, unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT,

	// Files by their names, which Landlock refuses from version 3 on. Open ones may be cut.
	unix.SYS_TRUNCATE,

	// Other processes.
	unix.SYS_TKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO,
	unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD, unix.SYS_PIDFD_SEND_SIGNAL,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE,
	unix.SYS_PROCESS_MRELEASE, unix.SYS_KCMP, unix.SYS_SETPRIORITY, unix.SYS_IOPRIO_SET, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES,
	unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_SETSCHEDULER, unix.SYS_SCHED_SETPARAM, unix.SYS_SCHED_SETATTR,
	unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_MSGGET, unix.SYS_SEMGET, unix.SYS_MQ_OPEN,
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,

	// The kernel and the host.
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_PERSONALITY, unix.SYS_FANOTIFY_INIT,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
	unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_SYSLOG, unix.SYS_VHANGUP,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME, unix.SYS_ADJTIMEX,
	unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
}
