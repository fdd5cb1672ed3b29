package gate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Gate is a socket filter that refuses packets up to times that the program sets. Its methods
// are for one goroutine.
type Gate struct {
	kind   string // gates of one kind do the same
	filter *ebpf.Program
	memory *ebpf.Map
	shared []byte // memory, as the kernel sees it
	taken  uint64 // of what was refused
}

// New makes a gate behind a classic program, which accepts or rejects packets with a link-layer
// header of so many bytes. It fails without CAP_BPF, unless there is a spare one, with an old
// kernel, and for instructions that have no translation.
func New(classic []bpf.Instruction, header int) (*Gate, error) {
	kind := fmt.Sprint(header, classic)
	g, err := load(kind, classic, header)
	if err != nil {
		if spare := takeSpare(kind); spare != nil {
			return spare, nil
		}
		return nil, err
	}
	if !hasSpare(kind) {
		if spare, err := load(kind, classic, header); err == nil {
			_ = spare.Close() // makes it the spare one
		}
	}
	return g, nil
}

// load loads a gate into the kernel.
func load(kind string, classic []bpf.Instruction, header int) (*Gate, error) {
	memory, err := ebpf.NewMap(&ebpf.MapSpec{
		Name: "pmtud_gate", Type: ebpf.Array, Flags: unix.BPF_F_MMAPABLE,
		KeySize: 4, ValueSize: mapSize, MaxEntries: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("make eBPF map: %w", err)
	}
	g := &Gate{kind: kind, memory: memory}
	if err := g.load(classic, header); err != nil {
		return nil, errors.Join(err, g.unload())
	}
	return g, nil
}

func (g *Gate) load(classic []bpf.Instruction, header int) error {
	instructions, err := program(classic, header, g.memory.FD(), rand.Uint64())
	if err != nil {
		return err
	}
	g.filter, err = ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "pmtud_gate", Type: ebpf.SocketFilter, License: "Apache-2.0", Instructions: instructions,
	})
	if err != nil {
		return fmt.Errorf("load eBPF program: %w", err)
	}
	g.shared, err = unix.Mmap(g.memory.FD(), 0, mapSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return os.NewSyscallError("mmap", err)
}

// Attach makes it the filter of a socket, in place of any other.
func (g *Gate) Attach(socket int) error {
	return os.NewSyscallError("SO_ATTACH_BPF", unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_ATTACH_BPF, g.filter.FD()))
}

// Shut refuses all packets for a time from now on, and those who did not ask before for
// another. What was said before no longer holds.
func (g *Gate) Shut(all, newcomers time.Duration) {
	now := monotonic()
	atomic.StoreUint64(g.word(allUntil), uint64(now+all))
	atomic.StoreUint64(g.word(newcomersUntil), uint64(now+newcomers))
}

// TakeRefused returns how many packets were refused since it was asked last.
func (g *Gate) TakeRefused() int {
	var refused uint64
	for i := range counters {
		refused += atomic.LoadUint64(g.word(countersAt + i*lineLen))
	}
	n := refused - g.taken
	g.taken = refused
	return int(n)
}

func (g *Gate) word(offset int) *uint64 { return (*uint64)(unsafe.Pointer(&g.shared[offset])) }

// Close lets go of the gate. A socket that has it keeps it.
func (g *Gate) Close() error {
	if putSpare(g) {
		return nil
	}
	return g.unload()
}

func (g *Gate) unload() error {
	var errs []error
	if g.shared != nil {
		errs = append(errs, os.NewSyscallError("munmap", unix.Munmap(g.shared)))
	}
	if g.filter != nil {
		errs = append(errs, g.filter.Close())
	}
	return errors.Join(append(errs, g.memory.Close())...)
}

// monotonic is the clock of bpf_ktime_get_ns.
func monotonic() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // it can't fail
	return time.Duration(now.Nano())
}
