package sandbox

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Do calls f with the rights to files that the user has, which only root can grant. The
// rest of the process keeps its own.
func (u *User) Do(f func()) error {
	if u.ID == os.Geteuid() {
		f()
		return nil
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this function
		err := u.lend()
		if err == nil {
			f()
		}
		done <- err
	}()
	return <-done
}

// Owns reports whether a file or folder belongs to the user.
func (u *User) Owns(path string) bool {
	var at unix.Stat_t
	return unix.Stat(path, &at) == nil && int(at.Uid) == u.ID
}

// lend gives the calling thread the user's rights to files (setfsuid(2), which takes
// CAP_DAC_OVERRIDE and its like from it too).
func (u *User) lend() error {
	err := unix.Setgroups(u.Groups)
	if err == nil {
		_, err = unix.SetfsgidRetGid(u.Group)
	}
	if err == nil {
		_, err = unix.SetfsuidRetUid(u.ID)
	}
	if now, _ := unix.SetfsuidRetUid(-1); err == nil && now != u.ID { // it never says so
		err = unix.EPERM
	}
	if err != nil {
		return fmt.Errorf("take the rights of user %s: %w", u.Name, err)
	}
	return nil
}
