//go:build !linux

package daemon

import (
	"fmt"
	"runtime"
)

const onlineCPUs = "" // nobody knows

func checkCPU(int) error {
	return fmt.Errorf("processes can't be pinned to a CPU on %s", runtime.GOOS)
}

func pinProcess(cpu int) error { return checkCPU(cpu) }
