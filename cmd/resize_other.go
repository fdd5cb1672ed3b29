//go:build !unix

package cmd

import "os"

// notifyResize returns a channel that gets nothing: there is no such signal.
func notifyResize() (resized <-chan os.Signal, stop func()) { return nil, func() {} }
