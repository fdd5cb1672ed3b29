package logging

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// IsJournal reports whether w is the stream to the journal that systemd gave to the
// program: the variable JOURNAL_STREAM names its device and inode, so that a
// program knows whether it has been redirected since (systemd.exec(5)).
func IsJournal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	var at unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &at); err != nil {
		return false
	}
	return os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", at.Dev, at.Ino)
}
