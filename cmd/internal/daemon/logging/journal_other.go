//go:build !linux

package logging

import "io"

// IsJournal reports false: there is no journal.
func IsJournal(io.Writer) bool { return false }
