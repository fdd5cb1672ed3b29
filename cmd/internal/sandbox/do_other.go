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
