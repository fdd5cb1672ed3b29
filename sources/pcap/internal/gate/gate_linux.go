package gate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
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
	shared []byte // the times and counters of memory, as the kernel sees them
	taken  uint64 // of what was refused
}

// Config says which packets come to a gate.
type Config struct {
	Filter   []bpf.Instruction // selects them
	Header   int               // the length of their link-layer header
	Canaries bool              // those that quote a packet of package canary always pass
}

// New makes a gate. It fails without CAP_BPF, unless there is a spare one, with an old kernel, in
// a time namespace with another monotonic clock than the kernel's, and for instructions of the
// filter that have no translation.
func New(c Config) (*Gate, error) {
	return spares.take(fmt.Sprint(c), func(kind string) (*Gate, error) {
		if err := checkClock(); err != nil {
			return nil, err
		}
		allowLockedMemory()
		return load(kind, c)
	})
}

// WasLoaded reports whether this program could load a gate.
func WasLoaded() bool { return spares.loaded() }

// load loads a gate into the kernel.
func load(kind string, c Config) (*Gate, error) {
	memory, err := ebpf.NewMap(&ebpf.MapSpec{
		Name: "pmtud_gate", Type: ebpf.Array, Flags: unix.BPF_F_MMAPABLE,
		KeySize: 4, ValueSize: mapSize, MaxEntries: 1,
	})
	switch {
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("make eBPF map: %w (it needs CAP_BPF, and before Linux 5.11 a limit of locked memory of some MiB)", os.ErrPermission)
	case err != nil:
		return nil, fmt.Errorf("make eBPF map: %w", err)
	}
	g := &Gate{kind: kind, memory: memory}
	if err := g.load(c); err != nil {
		return nil, errors.Join(err, g.unload())
	}
	return g, nil
}

func (g *Gate) load(c Config) error {
	instructions, err := program(c, g.memory.FD(), rand.Uint64())
	if err != nil {
		return err
	}
	g.filter, err = ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "pmtud_gate", Type: ebpf.SocketFilter, License: "Apache-2.0", Instructions: instructions,
	})
	if err != nil {
		return fmt.Errorf("load eBPF program: %w", err)
	}
	g.shared, err = unix.Mmap(g.memory.FD(), 0, linesAt, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
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
	until := func(offset int, long time.Duration) {
		var t uint64 // the gate is open
		if long > 0 {
			t = uint64(now + long)
		}
		atomic.StoreUint64(g.word(offset), t)
	}
	until(allUntil, all)
	until(newcomersUntil, newcomers)
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

// Close lets go of the gate, which no socket must have any more.
func (g *Gate) Close() {
	g.Shut(0, 0)
	spares.put(g)
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

// allowLockedMemory raises the limit to which Linux before 5.11 charges programs and maps, if the
// program may do that, as root may.
func allowLockedMemory() {
	const enough = 64 << 20
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil || limit.Cur >= enough {
		return
	}
	limit.Cur, limit.Max = enough, max(limit.Max, enough)
	_ = unix.Setrlimit(unix.RLIMIT_MEMLOCK, &limit) // without it, loading says what is missing
}

// checkClock returns an error if monotonic is not the clock of bpf_ktime_get_ns
// (time_namespaces(7)).
func checkClock() error {
	text, err := os.ReadFile("/proc/self/timens_offsets")
	if err != nil {
		return nil // before Linux 5.5 there are no such namespaces
	}
	if hasOffset(string(text)) {
		return errors.New("the monotonic clock is another one in this time namespace")
	}
	return nil
}

// hasOffset reports whether a file timens_offsets moves the monotonic clock.
func hasOffset(text string) bool {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "monotonic" {
			return f[1] != "0" || f[2] != "0"
		}
	}
	return false
}

// monotonic is the clock of bpf_ktime_get_ns.
func monotonic() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // it can't fail
	return time.Duration(now.Nano())
}
