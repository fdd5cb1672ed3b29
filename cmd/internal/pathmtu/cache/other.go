//go:build !linux

package cache

import (
	"errors"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/netspace"
)

// ErrOneOfIPv4 says that the kernel can't delete an IPv4 entry alone.
var ErrOneOfIPv4 = errors.New("the kernel can't delete one IPv4 entry")

var errNotLinux = errors.New("learned path MTUs are read on Linux only")

// List fails.
func List(*netspace.Space, Query) ([]Entry, error) { return nil, errNotLinux }

// Flush fails.
func Flush(*netspace.Space, Query, []Entry) error { return errNotLinux }
