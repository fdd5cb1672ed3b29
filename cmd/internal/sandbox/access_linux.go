package sandbox

import (
	"errors"

	"golang.org/x/sys/unix"
)

// mayNotWrite reports whether the process has no right to make files in a folder,
// whatever Landlock says.
func mayNotWrite(dir string) bool {
	err := unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS)
	return errors.Is(err, unix.EACCES)
}
