//go:build unix

package daemon

import (
	"os"
	"os/signal"
	"syscall"
)

func notifyDebug(c chan<- os.Signal) { signal.Notify(c, syscall.SIGUSR1) }
