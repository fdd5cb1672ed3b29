package cmd_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// nothingAllowed is the environment variable with the command line that the test's
// own binary executes with nothing allowed.
const nothingAllowed = "PMTUD_TEST_NOTHING_ALLOWED"

// execWithNothingAllowed becomes a program that can't write to any file system, has
// no capability, and can't make a socket. It is called in new user, mount and network
// namespaces, and returns with an error only.
func execWithNothingAllowed(args []string) error {
	runtime.LockOSThread()
	readOnly := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(-1, "/", unix.AT_RECURSIVE, readOnly); err != nil {
		return fmt.Errorf("make file systems read-only: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	if err := forbidSockets(); err != nil {
		return fmt.Errorf("forbid sockets: %w", err)
	}
	// Root gets its capabilities back when it executes a program, others do not.
	for v := range 64 {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(v), 0, 0, 0); err != nil {
			break // there are no more
		}
	}
	return unix.Exec(args[0], args, []string{"PATH=" + os.Getenv("PATH")})
}

// forbidSockets lets socket(2) fail with EPERM, for what this thread becomes.
func forbidSockets() error {
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 0, Size: 4}, // the number of the call
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_SOCKET, SkipTrue: 1},
		bpf.RetConstant{Val: 0x00050000 | uint32(unix.EPERM)}, // SECCOMP_RET_ERRNO
		bpf.RetConstant{Val: 0x7fff0000},                      // SECCOMP_RET_ALLOW
	})
	if err != nil {
		return err
	}
	filters := make([]unix.SockFilter, len(program))
	for i, r := range program {
		filters[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	prog := unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0)
}

// withNothingAllowed runs the program, and returns what it printed and its status.
func withNothingAllowed(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), nothingAllowed+"="+strings.Join(append([]string{program}, args...), " "))
	c.Stdout, c.Stderr = &stdout, &stderr
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || exit != nil && exit.ExitCode() == 3 {
		err = fmt.Errorf("run program with nothing allowed: %w: %s", err, &stderr)
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return result{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// TestCheckWithNothingAllowed checks good and bad configurations without a right to
// do anything but read: check says of them what it says otherwise.
func TestCheckWithNothingAllowed(t *testing.T) {
	configs, err := filepath.Abs("../configs")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob(configs + "/*.*ml")
	if err != nil || len(examples) < 4 {
		t.Fatalf("examples %v, %v", examples, err)
	}
	paths := append(examples,
		writeConfig(t, "pipelines: {p: {sources: [{type: pcap}], sinks: [{type: log, verbositty: 1}]}}\n"),
		filepath.Join(t.TempDir(), "missing.yaml"))
	for _, path := range paths {
		want := run(t, "check", "-c", path)
		if got := withNothingAllowed(t, "check", "-c", path); got != want {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
	}
	// That nothing is allowed can be seen of what needs something.
	path := writeConfig(t, "pipelines: {p: {sources: [{type: pcap, interface: lo}], sinks: [{type: log}]}}\n")
	if got := withNothingAllowed(t, "run", "-c", path); got.status != 1 || !strings.Contains(got.stderr, "operation not permitted") {
		t.Errorf("run: %+v", got)
	}
}
