//go:build !unix

package daemon

import "os"

// notifyDebug does nothing: there is no such signal.
func notifyDebug(chan<- os.Signal) {}
