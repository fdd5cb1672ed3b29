//go:build unix

package disk

import "syscall"

// openWithoutWaiting opens pipes that nobody writes to, and makes no terminal the
// process's own.
const openWithoutWaiting = syscall.O_NONBLOCK | syscall.O_NOCTTY
