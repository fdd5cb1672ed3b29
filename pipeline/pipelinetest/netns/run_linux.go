package netns

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// marker is the environment variable that distinguishes the inner process from the
// outer one. Its value is inside, or why there is no inner process.
const marker = "PIPELINETEST_NETNS"

const inside = "inside"

// Main runs the tests of a package in namespaces of their own and exits with
// their status. It is all that a TestMain has to do.
func Main(m *testing.M) { os.Exit(Run(m.Run)) }

// MainPrivileged is Main for tests of what the kernel refuses to root of another user
// namespace: see [RunPrivileged].
func MainPrivileged(m *testing.M) { os.Exit(RunPrivileged(m.Run)) }

// RunPrivileged is like [Run], but root stays in the user namespace that it was started in. With an
// ordinary user it is Run.
func RunPrivileged(inner func() int) int {
	if os.Geteuid() == 0 {
		return run(inner, unix.CLONE_NEWNET)
	}
	return Run(inner)
}

// Run re-executes the running program with the same arguments, environment and
// streams in a new user and network namespace, in which it is root, and calls
// inner there. It returns the status that inner returned; the outer process must
// exit with it and do little else. SIGINT, SIGTERM and SIGQUIT are passed on.
//
// Where the system forbids user namespaces, inner runs in the calling process:
// what needs no namespace works, and [Available] says why the rest does not.
func Run(inner func() int) int { return run(inner, unix.CLONE_NEWUSER|unix.CLONE_NEWNET) }

func run(inner func() int, namespaces uintptr) int {
	if Inside() {
		// A fresh loopback interface is down, and then the first socket makes
		// package net believe that the system has no IPv6. Available reports
		// the failure.
		_ = loopbackUp()
		return inner()
	}
	status, err := reexec(namespaces)
	if err == nil {
		return status
	}
	if err := os.Setenv(marker, err.Error()); err != nil {
		fmt.Fprintln(os.Stderr, "set environment:", err)
	}
	return inner()
}

// Inside reports whether the process is the inner one of [Run], or was started
// by it.
func Inside() bool { return os.Getenv(marker) == inside }

// reexec runs the program once more in new namespaces of these kinds and returns its exit
// status, or an error when it could not be started.
func reexec(namespaces uintptr) (int, error) {
	// Pdeathsig counts from the end of the thread, not of the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := innerCommand(namespaces)
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGQUIT)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	stop := relay(signals, cmd.Process)
	defer stop()
	return exitStatus(cmd.Wait())
}

func innerCommand(namespaces uintptr) *exec.Cmd {
	// Unlike the program's path, this works when the file is gone or unreadable.
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = os.Args
	cmd.Env = append(os.Environ(), marker+"="+inside)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Pdeathsig: unix.SIGKILL}
	if namespaces&unix.CLONE_NEWUSER != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return cmd
}

// relay sends the signals on to the process until the returned function is called.
func relay(signals <-chan os.Signal, process *os.Process) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case s := <-signals:
				_ = process.Signal(s) // it may have ended meanwhile, which Wait reports
			case <-quit:
				return
			}
		}
	}()
	return func() { close(quit); <-done }
}

// exitStatus turns the result of Wait into a status, as a shell does: 128 and
// the signal's number for a process that a signal ended.
func exitStatus(err error) (int, error) {
	exit, failed := errors.AsType[*exec.ExitError](err)
	if !failed {
		return 0, err
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}
