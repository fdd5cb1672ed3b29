package daemon

import (
	"fmt"
	"os"
	"slices"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// dropCode takes the program's code out of its memory, most of which only the start needed: 6 MiB.
// What is needed later comes back from the page cache, or from the file, when it is run. The rest of the program's
// file stays, since a position-independent program has changed parts of it.
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

// codeMaps returns where files with code are in memory.
func codeMaps() ([]*procfs.ProcMap, error) {
	self, err := procfs.Self()
	if err != nil {
		return nil, err
	}
	maps, err := self.ProcMaps()
	return slices.DeleteFunc(maps, func(m *procfs.ProcMap) bool {
		return m.Inode == 0 || !m.Perms.Execute || m.Perms.Write
	}), err
}
