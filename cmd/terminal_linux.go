package cmd

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// isTerminalInput reports whether somebody can answer a question: unlike /dev/null, a terminal
// has settings.
func isTerminalInput(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
