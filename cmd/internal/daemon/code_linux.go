package daemon

import (
	"debug/elf"
	"fmt"
	"os"
	"slices"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// dropCode takes the program's code and its tables out of memory, most of which only the start
// needed: 8 MiB. What is needed later comes back from the page cache, or from the file.
func dropCode() error {
	code, err := codeMaps()
	if err != nil {
		return fmt.Errorf("find program's code: %w", err)
	}
	for _, m := range code {
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, m.StartAddr, m.EndAddr-m.StartAddr, unix.MADV_DONTNEED); errno != 0 {
			return os.NewSyscallError("madvise", errno)
		}
	}
	return nil
}

// codeMaps returns where parts of files are in memory that nobody has written to: code, and unless
// the program was relocated, whatever it can't write to.
func codeMaps() ([]*procfs.ProcMap, error) {
	relocated, err := isRelocated("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	self, err := procfs.Self()
	if err != nil {
		return nil, err
	}
	maps, err := self.ProcMaps()
	return slices.DeleteFunc(maps, func(m *procfs.ProcMap) bool {
		return m.Inode == 0 || m.Perms.Shared || m.Perms.Write || relocated && !m.Perms.Execute
	}), err
}

// isRelocated reports whether addresses in an executable file are changed when it is started, also in
// parts that can't be written to later. They are not in what Go links by itself for a fixed address.
func isRelocated(path string) (bool, error) {
	file, err := elf.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	return file.Type != elf.ET_EXEC || slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool {
		return p.Type == elf.PT_DYNAMIC || p.Type == elf.PT_GNU_RELRO
	}), nil
}
