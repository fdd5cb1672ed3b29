//go:build !linux

package sandbox

// mayNotWrite reports false: nobody can become another user there.
func mayNotWrite(string) bool { return false }

// mayNotOpen reports false: nothing is confined there.
func mayNotOpen(string) bool { return false }
