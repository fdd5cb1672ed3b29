package sandbox_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
)

// call is what a seccomp program sees of a system call (struct seccomp_data in
// linux/seccomp.h).
type call struct {
	number uint32
	arch   uint32
	args   [6]uint64
}

// data returns the call as it is on a little-endian machine, whose words a program of the
// kernel's loads in the host's byte order, and one of package bpf as big-endian ones.
func (c call) data() []byte {
	words := []uint32{c.number, c.arch, 0, 0} // the pointer to the instruction
	for _, a := range c.args {
		words = append(words, uint32(a), uint32(a>>32))
	}
	var b []byte
	for _, w := range words {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	return b
}

const (
	x32       = 0x40000000
	allow     = 0x7fff0000
	newest    = unix.SYS_MSEAL
	threadsOf = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_SYSVSEM | unix.CLONE_THREAD // runtime, cloneFlags
)

func refuse(errno unix.Errno) int { return 0x00050000 | int(errno) }

// TestProgram runs the program over calls that no test could make on every machine.
func TestProgram(t *testing.T) {
	native, self := runtimeArch(t), uint64(os.Getpid())
	of := func(number uint32, args ...uint64) call {
		c := call{number: number, arch: native}
		copy(c.args[:], args)
		return c
	}
	socket := func(args ...uint64) call { return of(unix.SYS_SOCKET, args...) }
	for _, tc := range []struct {
		name string
		call call
		want int
	}{
		{"another call", of(unix.SYS_WRITE, unix.AF_INET), allow},
		{"the newest call", of(newest), allow},
		{"a newer one", of(newest + 1), refuse(unix.ENOSYS)},
		{"another architecture", call{unix.SYS_WRITE, unix.AUDIT_ARCH_I386, [6]uint64{}}, refuse(unix.ENOSYS)},
		{"the first call of the x32 ABI", of(x32), refuse(unix.ENOSYS)},
		{"a socket by the x32 ABI", of(x32|unix.SYS_SOCKET, unix.AF_PACKET, unix.SOCK_RAW), refuse(unix.ENOSYS)},
		{"io_uring", of(unix.SYS_IO_URING_SETUP), refuse(unix.ENOSYS)},
		{"AF_UNIX, not kept", socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0), refuse(unix.EAFNOSUPPORT)},
		{"a pair of AF_UNIX", of(unix.SYS_SOCKETPAIR, unix.AF_UNIX, unix.SOCK_STREAM, 0), refuse(unix.EAFNOSUPPORT)},
		{"AF_PACKET, kept", socket(unix.AF_PACKET, unix.SOCK_RAW, 0x0300), allow},
		{"AF_INET, kept", socket(unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDP), allow},
		{"AF_INET6, not kept", socket(unix.AF_INET6, unix.SOCK_DGRAM, 0), refuse(unix.EAFNOSUPPORT)},
		{"AF_ALG", socket(unix.AF_ALG, unix.SOCK_SEQPACKET, 0), refuse(unix.EAFNOSUPPORT)},
		{"interfaces and addresses", socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE), allow},
		{"a protocol of netlink that is kept", socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG), allow},
		{"netfilter, not kept", socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER), refuse(unix.EPROTONOSUPPORT)},
		{"a stream", socket(unix.AF_INET, unix.SOCK_STREAM, 0), allow},
		{"a stream of TCP", socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_TCP), allow},
		{"a stream of TCP, with flags", socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_TCP), allow},
		{"a stream of Multipath TCP", socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP), refuse(unix.EPROTONOSUPPORT)},
		{"a stream of SCTP, with flags", socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_SCTP), refuse(unix.EPROTONOSUPPORT)},
		{"packets of SCTP", socket(unix.AF_INET, unix.SOCK_SEQPACKET, unix.IPPROTO_SCTP), refuse(unix.EPROTONOSUPPORT)},
		{"DCCP", socket(unix.AF_INET, unix.SOCK_DCCP, unix.IPPROTO_DCCP), refuse(unix.EPROTONOSUPPORT)},
		{"datagrams of another protocol", socket(unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP), allow},
		{"raw, of another protocol", socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP), allow},
		{"a stream of a family that is not kept", socket(unix.AF_INET6, unix.SOCK_STREAM, 0), refuse(unix.EAFNOSUPPORT)},

		{"a packet", of(unix.SYS_SENDTO, 3, 0, 1, unix.MSG_DONTWAIT), allow},
		{"a packet of a connection to be", of(unix.SYS_SENDTO, 3, 0, 1, unix.MSG_DONTWAIT|unix.MSG_FASTOPEN), refuse(unix.EPERM)},
		{"a message", of(unix.SYS_SENDMSG, 3, 0, unix.MSG_NOSIGNAL), allow},
		{"a message of a connection to be", of(unix.SYS_SENDMSG, 3, 0, unix.MSG_FASTOPEN), refuse(unix.EPERM)},
		{"messages", of(unix.SYS_SENDMMSG, 3, 0, 1, unix.MSG_DONTWAIT), allow},
		{"messages of a connection to be", of(unix.SYS_SENDMMSG, 3, 0, 1, unix.MSG_FASTOPEN), refuse(unix.EPERM)},
		{"listen", of(unix.SYS_LISTEN, 3, 1), refuse(unix.EACCES)},

		{"a thread", of(unix.SYS_CLONE, threadsOf), allow},
		{"a thread with a signal at its end", of(unix.SYS_CLONE, threadsOf|uint64(unix.SIGCHLD)), allow},
		{"a process", of(unix.SYS_CLONE, uint64(unix.SIGCHLD)), refuse(unix.EPERM)},
		{"a user namespace", of(unix.SYS_CLONE, threadsOf|unix.CLONE_NEWUSER), refuse(unix.EPERM)},
		{"a network namespace", of(unix.SYS_CLONE, unix.CLONE_NEWNET|uint64(unix.SIGCHLD)), refuse(unix.EPERM)},
		{"clone3", of(unix.SYS_CLONE3), refuse(unix.ENOSYS)},
		{"unshare", of(unix.SYS_UNSHARE, unix.CLONE_NEWUSER), refuse(unix.EPERM)},
		{"exec", of(unix.SYS_EXECVE), refuse(unix.EPERM)},
		{"a signal to itself", of(unix.SYS_TGKILL, self, 1, uint64(unix.SIGURG)), allow},
		{"a signal to a thread of another process", of(unix.SYS_TGKILL, 1, 1, uint64(unix.SIGKILL)), refuse(unix.EPERM)},
		{"a signal to another process", of(unix.SYS_KILL, 1, uint64(unix.SIGKILL)), refuse(unix.EPERM)},
		{"a signal to all", of(unix.SYS_KILL, 0xffffffff, uint64(unix.SIGKILL)), refuse(unix.EPERM)},
		{"limits of its own", of(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE), allow},
		{"limits of another process", of(unix.SYS_PRLIMIT64, 1, unix.RLIMIT_NOFILE), refuse(unix.EPERM)},

		{"a file", of(unix.SYS_OPENAT, 0, 0, unix.O_CREAT, 0o777), allow},
		{"a set-uid file", of(unix.SYS_OPENAT, 0, 0, unix.O_CREAT, 0o4755), refuse(unix.EPERM)},
		{"openat2", of(unix.SYS_OPENAT2), refuse(unix.ENOSYS)},
		{"truncate", of(unix.SYS_TRUNCATE), refuse(unix.EPERM)},
		{"a cut of an open file", of(unix.SYS_FTRUNCATE), allow},
		{"chmod", of(unix.SYS_FCHMODAT, 0, 0, 0o600), refuse(unix.EPERM)},
		{"memory", of(unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_WRITE), allow},
		{"memory for code", of(unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_EXEC), refuse(unix.EPERM)},
		{"memory that becomes code", of(unix.SYS_MPROTECT, 0, 4096, unix.PROT_EXEC), refuse(unix.EPERM)},
		{"the size of a terminal", of(unix.SYS_IOCTL, 1, unix.TIOCGWINSZ), allow},
		{"input for a terminal", of(unix.SYS_IOCTL, 1, unix.TIOCSTI), refuse(unix.EPERM)},
		{"text for a console", of(unix.SYS_IOCTL, 1, 0x541c), refuse(unix.EPERM)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			vm, err := program(native, sandbox.Plan{
				Families: []string{"AF_PACKET", "AF_NETLINK", "AF_INET"}, Netlink: []string{"NETLINK_SOCK_DIAG"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := vm.Run(tc.call.data()); got != tc.want || err != nil {
				t.Errorf("%#x (%v), want %#x", got, err, tc.want)
			}
		})
	}
}

// TestStreamsProgram keeps sockets for connections alone, and of one family alone.
func TestStreamsProgram(t *testing.T) {
	native := runtimeArch(t)
	vm, err := program(native, sandbox.Plan{Families: []string{"AF_INET6"}, Streams: []string{"AF_INET", "AF_INET6"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args [6]uint64
		want int
	}{
		"a connection":             {[6]uint64{unix.AF_INET, unix.SOCK_STREAM | unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK, 0}, allow},
		"a connection of TCP":      {[6]uint64{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_TCP}, allow},
		"one of Multipath TCP":     {[6]uint64{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP}, refuse(unix.EPROTONOSUPPORT)},
		"datagrams":                {[6]uint64{unix.AF_INET, unix.SOCK_DGRAM | unix.SOCK_CLOEXEC, 0}, refuse(unix.EAFNOSUPPORT)},
		"raw":                      {[6]uint64{unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP}, refuse(unix.EAFNOSUPPORT)},
		"a kept family":            {[6]uint64{unix.AF_INET6, unix.SOCK_STREAM, 0}, allow},
		"datagrams of that":        {[6]uint64{unix.AF_INET6, unix.SOCK_DGRAM, 0}, allow},
		"a connection of no other": {[6]uint64{unix.AF_UNIX, unix.SOCK_STREAM, 0}, refuse(unix.EAFNOSUPPORT)},
	} {
		if got, err := vm.Run(call{unix.SYS_SOCKET, native, tc.args}.data()); got != tc.want || err != nil {
			t.Errorf("%s: %#x (%v), want %#x", name, got, err, tc.want)
		}
	}
}

// TestListenProgram wants a process to listen that has a port for it.
func TestListenProgram(t *testing.T) {
	native := runtimeArch(t)
	vm, err := program(native, sandbox.Plan{Listen: []uint16{9342}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := vm.Run(call{number: unix.SYS_LISTEN, arch: native}.data()); got != allow || err != nil {
		t.Errorf("%#x, %v", got, err)
	}
}

// runtimeArch returns what the kernel calls the architecture of this process.
func runtimeArch(t *testing.T) uint32 {
	t.Helper()
	switch runtime.GOARCH {
	case "amd64":
		return unix.AUDIT_ARCH_X86_64
	case "arm64":
		return unix.AUDIT_ARCH_AARCH64
	}
	t.Skip("no machine to try it on")
	return 0
}

// program returns the program of a plan.
func program(arch uint32, p sandbox.Plan) (*bpf.VM, error) {
	raw, err := sandbox.Program(p, arch)
	if err != nil {
		return nil, err
	}
	instructions, all := bpf.Disassemble(raw)
	if !all {
		return nil, fmt.Errorf("not all of %v is known", instructions)
	}
	return bpf.NewVM(instructions)
}

// TestFamilies wants every family that a stage may ask for to be kept alone.
func TestFamilies(t *testing.T) {
	families := map[string]uint64{
		"AF_INET": unix.AF_INET, "AF_INET6": unix.AF_INET6, "AF_NETLINK": unix.AF_NETLINK,
		"AF_UNIX": unix.AF_UNIX, "AF_PACKET": unix.AF_PACKET, "AF_VSOCK": unix.AF_VSOCK, "AF_XDP": unix.AF_XDP,
	}
	for name := range families {
		vm, err := program(unix.AUDIT_ARCH_AARCH64, sandbox.Plan{Families: []string{name}})
		if err != nil {
			t.Fatal(err)
		}
		for other, number := range families {
			c := call{unix.SYS_SOCKET, unix.AUDIT_ARCH_AARCH64, [6]uint64{number, unix.SOCK_RAW}}
			allowed, err := vm.Run(c.data())
			if (allowed == 0x7fff0000) != (name == other) || err != nil {
				t.Errorf("%s where %s is kept: %#x, %v", other, name, allowed, err)
			}
		}
	}
}
