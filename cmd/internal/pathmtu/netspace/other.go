//go:build !linux

package netspace

import "errors"

// Space is a network namespace, which only Linux has.
type Space struct{ Name string }

var errNotLinux = errors.New("only Linux has network namespaces")

// Own fails.
func Own() (*Space, error) { return nil, errNotLinux }

// All fails.
func All() ([]*Space, int, error) { return nil, 0, errNotLinux }

// Close does nothing.
func (s *Space) Close() {}

// IsOwn is true.
func (s *Space) IsOwn() bool { return true }

// Do calls f.
func (s *Space) Do(f func() error) error { return f() }
