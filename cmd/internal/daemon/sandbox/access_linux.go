package sandbox

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// mayNotWrite reports whether the process has no right to make files in a folder,
// whatever Landlock says.
func mayNotWrite(dir string) bool {
	err := unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS)
	return errors.Is(err, unix.EACCES)
}

// MayNotOpen reports whether the process has no right to read a file or folder. Others, such
// as pipes, it leaves alone.
func MayNotOpen(path string) bool {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return false
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err == nil {
		_ = unix.Close(fd)
	}
	return errors.Is(err, unix.EACCES)
}
