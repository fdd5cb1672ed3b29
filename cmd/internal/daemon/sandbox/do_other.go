//go:build !linux

package sandbox

import (
	"errors"
	"fmt"
)

// Do is there on Linux only.
func (u *User) Do(func()) error {
	return fmt.Errorf("take the rights of user %s: %w", u.Name, errors.ErrUnsupported)
}

// Owns reports false.
func (u *User) Owns(string) bool { return false }
