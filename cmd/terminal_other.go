//go:build !linux

package cmd

import "io"

// isTerminalInput is for what only Linux can do.
func isTerminalInput(io.Reader) bool { return false }
