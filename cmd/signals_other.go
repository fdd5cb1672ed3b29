//go:build !unix

package cmd

import "os"

// notifyDebug does nothing: there is no such signal.
func notifyDebug(chan<- os.Signal) {}
