//go:build unix

package unixsocket

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// umask leaves of a new socket's 0777: reading and writing for the user
// and the group.
const umask = 0o117

// lockTimeout is how long another program that makes its socket in the same folder is
// waited for.
const lockTimeout = time.Second

// Listen makes a socket that only the process's user, its group and root can connect to. The
// folder is made if need be, and locked meanwhile, so that of two daemons that start at the
// same time one finds the other's. Closing the listener removes the socket, where the process
// still may.
func Listen(path string) (net.Listener, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	unlock, err := lock(dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := removeStale(path); err != nil {
		return nil, err
	}
	// Of the whole process, for the moment. At the start nothing else makes files yet, and a
	// confined process makes no socket later.
	before := unix.Umask(umask)
	defer unix.Umask(before)
	return net.Listen("unix", path)
}

// lock locks a folder.
func lock(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Since(begin) > lockTimeout {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", dir, err)
		}
	}
}

// removeStale removes a socket that nobody listens on.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s exists and is not a socket", path)
	}
	conn, err := net.DialTimeout("unix", path, lockTimeout)
	switch {
	case err == nil:
		conn.Close()
		return fmt.Errorf("another program listens on %s", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	}
	return fmt.Errorf("%s is not known to be left behind: %w", path, err)
}
