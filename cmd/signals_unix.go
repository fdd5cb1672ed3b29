//go:build unix

package cmd

import (
	"os"
	"os/signal"
	"syscall"
)

func notifyDebug(c chan<- os.Signal) { signal.Notify(c, syscall.SIGUSR1) }
