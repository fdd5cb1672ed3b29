package daemon

import (
	"fmt"
	"os"
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
)

// leaveRoot has the process, if it is root and nobody said what to become, go on as an
// unprivileged user with its capabilities alone, unless a pipeline needs root's files.
func (s *confinement) leaveRoot() {
	if s.plan.User != nil || s.mode == sandbox.Off || os.Geteuid() != 0 {
		return
	}
	user := sandbox.Unprivileged()
	if err := s.mayBecome(user); err != nil {
		s.log.Warn("process keeps running as root", "because", err, "hint", "set `user` to a user who owns these files, or to root")
		return
	}
	s.plan.User = user
}

// mayBecome returns an error if a user could not do what the plan has it do.
func (s *confinement) mayBecome(u *sandbox.User) error {
	for _, dir := range s.plan.Write {
		if !u.Owns(dir) {
			return fmt.Errorf("captures are written to %s, which user %s does not own", dir, u.Name)
		}
	}
	var denied string
	err := u.Do(func() {
		for _, path := range slices.Concat(s.plan.Files, s.plan.Read, s.plan.Write) {
			if sandbox.MayNotOpen(path) {
				denied = path
				return
			}
		}
	})
	switch {
	case err != nil:
		return err
	case denied != "":
		return fmt.Errorf("user %s may not read %s", u.Name, denied)
	}
	return nil
}
