package sandbox_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/sandbox"
)

// call is what a seccomp program sees of a system call (struct seccomp_data in
// linux/seccomp.h).
type call struct {
	number uint32
	arch   uint32
	args   [3]uint64
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
	return append(b, make([]byte, 64-len(b))...)
}

// TestSocketProgram runs the program over calls that no test could make on every machine.
func TestSocketProgram(t *testing.T) {
	const (
		arch  = unix.AUDIT_ARCH_X86_64
		x32   = 0x40000000
		allow = 0x7fff0000
	)
	refuse := func(errno unix.Errno) int { return 0x00050000 | int(errno) }
	socket := func(family, kind, protocol uint64) call {
		return call{unix.SYS_SOCKET, arch, [3]uint64{family, kind, protocol}}
	}
	for _, tc := range []struct {
		name string
		call call
		want int
	}{
		{"another call", call{unix.SYS_WRITE, arch, [3]uint64{unix.AF_INET}}, allow},
		{"the last call of this ABI", call{x32 - 1, arch, [3]uint64{}}, allow},
		{"another architecture", call{unix.SYS_WRITE, unix.AUDIT_ARCH_I386, [3]uint64{}}, refuse(unix.ENOSYS)},
		{"the first call of the x32 ABI", call{x32, arch, [3]uint64{}}, refuse(unix.ENOSYS)},
		{"a socket by the x32 ABI", call{x32 | unix.SYS_SOCKET, arch, [3]uint64{unix.AF_PACKET, unix.SOCK_RAW}}, refuse(unix.ENOSYS)},
		{"io_uring", call{unix.SYS_IO_URING_SETUP, arch, [3]uint64{}}, refuse(unix.ENOSYS)},
		{"the call behind io_uring", call{unix.SYS_IO_URING_SETUP + 1, arch, [3]uint64{}}, allow},
		{"AF_UNIX, always", socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0), allow},
		{"AF_PACKET, kept", socket(unix.AF_PACKET, unix.SOCK_RAW, 0x0300), allow},
		{"AF_INET, kept", socket(unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDP), allow},
		{"AF_INET6, not kept", socket(unix.AF_INET6, unix.SOCK_DGRAM, 0), refuse(unix.EAFNOSUPPORT)},
		{"AF_NETLINK, not kept", socket(unix.AF_NETLINK, unix.SOCK_RAW, 0), refuse(unix.EAFNOSUPPORT)},
		{"AF_ALG", socket(unix.AF_ALG, unix.SOCK_SEQPACKET, 0), refuse(unix.EAFNOSUPPORT)},
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
	} {
		t.Run(tc.name, func(t *testing.T) {
			vm, err := program(arch, "AF_PACKET", "AF_INET")
			if err != nil {
				t.Fatal(err)
			}
			if got, err := vm.Run(tc.call.data()); got != tc.want || err != nil {
				t.Errorf("%#x (%v), want %#x", got, err, tc.want)
			}
		})
	}
}

// program returns the program that keeps the families.
func program(arch uint32, families ...string) (*bpf.VM, error) {
	raw, err := sandbox.SocketProgram(arch, families)
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
		"AF_PACKET": unix.AF_PACKET, "AF_VSOCK": unix.AF_VSOCK, "AF_XDP": unix.AF_XDP,
	}
	for name := range families {
		vm, err := program(unix.AUDIT_ARCH_AARCH64, name)
		if err != nil {
			t.Fatal(err)
		}
		for other, number := range families {
			c := call{unix.SYS_SOCKET, unix.AUDIT_ARCH_AARCH64, [3]uint64{number, unix.SOCK_RAW}}
			allowed, err := vm.Run(c.data())
			if (allowed == 0x7fff0000) != (name == other) || err != nil {
				t.Errorf("%s where %s is kept: %#x, %v", other, name, allowed, err)
			}
		}
	}
}
