package firewall

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unsafe"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
)

// AddLegacy adds the rules of iptables that are none of nf_tables, of the calling thread's
// namespace: those of iptables-legacy and ip6tables-legacy. It only reads tables that are in use,
// as to ask for another one would have the kernel make it. It takes CAP_NET_ADMIN.
func (r *Rules) AddLegacy() error {
	err := errors.Join(r.addLegacy(legacy4), r.addLegacy(legacy6))
	r.sort()
	return err
}

func (r *Rules) addLegacy(l *legacyLayout) error {
	names, err := os.ReadFile("/proc/thread-self/net/" + l.names)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // this kernel has no such tables
	case err != nil:
		return fmt.Errorf("list tables: %w", err)
	}
	for _, name := range strings.Fields(string(names)) {
		// nat sees the first packet of a connection, and no ICMP errors.
		if priority, ok := legacyPriorities[name]; ok {
			t, err := readLegacy(l, name)
			if err != nil {
				return fmt.Errorf("read table %s of %s: %w", name, l.program, err)
			}
			t.priority = priority
			t.addTo(r)
		}
	}
	return nil
}

// legacyPriorities are those of tables (linux/netfilter_ipv4.h).
var legacyPriorities = map[string]*nftables.ChainPriority{
	"raw": nftables.ChainPriorityRaw, "mangle": nftables.ChainPriorityMangle,
	"filter": nftables.ChainPriorityFilter, "security": nftables.ChainPrioritySecurity,
}

// Socket options (linux/netfilter_ipv4/ip_tables.h, linux/netfilter_ipv6/ip6_tables.h).
const (
	legacyGetInfo    = 64 // IPT_SO_GET_INFO, IP6T_SO_GET_INFO
	legacyGetEntries = 65 // IPT_SO_GET_ENTRIES, IP6T_SO_GET_ENTRIES
)

// legacyInfo is struct ipt_getinfo and ip6t_getinfo.
type legacyInfo struct {
	name      [32]byte
	hooks     uint32 // bits of those that the table has
	starts    [5]uint32
	underflow [5]uint32 // where the policies are
	entries   uint32
	size      uint32
}

// legacyEntriesHeader is the length of struct ipt_get_entries and ip6t_get_entries before
// the first entry, which holds 64-bit counters.
const legacyEntriesHeader = 40

// readLegacy reads a table. It may change between its two questions.
func readLegacy(l *legacyLayout, name string) (*legacyTable, error) {
	fd, err := unix.Socket(l.domain, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	for range 10 {
		var info legacyInfo
		copy(info.name[:], name)
		if err = getsockopt(fd, l.level, legacyGetInfo, unsafe.Slice((*byte)(unsafe.Pointer(&info)), unsafe.Sizeof(info))); err != nil {
			return nil, err
		}
		answer := make([]byte, legacyEntriesHeader+int(info.size))
		copy(answer, name)
		binary.NativeEndian.PutUint32(answer[len(info.name):], info.size)
		if err = getsockopt(fd, l.level, legacyGetEntries, answer); err == nil {
			return &legacyTable{layout: l, name: name, info: info, entries: answer[legacyEntriesHeader:]}, nil
		}
		if !errors.Is(err, unix.EAGAIN) {
			break
		}
	}
	return nil, err
}

func getsockopt(fd, level, option int, value []byte) error {
	length := uint32(len(value))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option),
		uintptr(unsafe.Pointer(&value[0])), uintptr(unsafe.Pointer(&length)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// text returns what stands before the first zero.
func text(b []byte) string {
	before, _, _ := bytes.Cut(b, []byte{0})
	return string(before)
}

func allZero(b []byte) bool { return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) }
