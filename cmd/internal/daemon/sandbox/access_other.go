//go:build !linux

package sandbox

// mayNotWrite reports false: nobody can become another user there.
func mayNotWrite(string) bool { return false }

// MayNotOpen reports false: nothing is confined there.
func MayNotOpen(string) bool { return false }
