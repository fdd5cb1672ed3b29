package kernels

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
)

// Where things are in a machine.
const (
	moduleFolder  = "/module" // this module's files
	testsFolder   = "/tests"
	builtFolder   = "/built"
	planFile      = "/plan.json"
	resultsDevice = "/dev/ttyS1"
)

// limit is the time for the tests of one package.
const limit = 5 * time.Minute

// modules are those that Linux does not load by itself when they are needed.
var modules = []string{"ip_vs", "ip_vs_rr", "ip_vs_sh", "nfnetlink_log", "ip_tables", "ip6_tables", "tun"}

// environment is that of the tests. As in CI they fail where something is missing.
var environment = []string{
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "CI=true", rig.BuiltFolder + "=" + builtFolder,
}

// arguments are further ones of a package's tests.
var arguments = map[string][]string{
	"cmd/internal/lab":                {"-test.parallel=1"}, // worlds starve each other
	"cmd/internal/testkit/interfaces": {"-every-kind"},      // Debian's kernels have them all
}

// plan is what a machine is to do.
type plan struct {
	Run      string // see [Config]
	Packages []string
}

// binary returns the path of the compiled tests of a package.
func binary(name string) string {
	return path.Join(testsFolder, strings.ReplaceAll(name, "/", "-")+".test")
}

// InGuest reports whether this process is the first one in a machine.
func InGuest() bool { return os.Getpid() == 1 }

// Guest is the first process in a machine. It prepares the machine, lets another process do
// the tests, and ends the machine.
func Guest() error {
	err := prepare()
	if err == nil {
		err = runWorker()
	}
	if err != nil {
		fmt.Println(err) // on the console; the next call does not return
	}
	// Restart: qemu ends instead, and needs no driver to find that out.
	return errors.Join(err, unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART))
}

func prepare() error {
	var errs []error
	for _, m := range []struct{ kind, at string }{
		{"proc", "/proc"},
		{"sysfs", "/sys"},
		{"devtmpfs", "/dev"},
		{"tmpfs", "/tmp"},
		{"tmpfs", "/run"},
	} {
		if err := unix.Mount(m.kind, m.at, m.kind, 0, ""); err != nil {
			errs = append(errs, fmt.Errorf("mount %s: %w", m.at, err))
		}
	}
	// Debian's limit is far below what some tests need for a receive buffer.
	errs = append(errs, os.WriteFile("/proc/sys/net/core/rmem_max", []byte("4194304"), 0))
	for _, m := range modules { // the kernel may do without
		c := exec.Command("/sbin/modprobe", "-q", m)
		c.Env = environment
		_ = c.Run()
	}
	return errors.Join(errs...)
}

// runWorker starts this program once more and waits for it, and for all processes that
// have lost their parent.
func runWorker() error {
	worker := exec.Command("/proc/self/exe", WorkerArgument)
	worker.Env, worker.Stdout, worker.Stderr = environment, os.Stdout, os.Stderr
	if err := worker.Start(); err != nil {
		return err
	}
	for {
		pid, err := unix.Wait4(-1, nil, 0, nil)
		if pid == worker.Process.Pid || err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// WorkerArgument makes this program [Work].
const WorkerArgument = "run-tests-in-machine"

// Work runs the tests of the machine's plan and writes the result of each package.
func Work() error {
	text, err := os.ReadFile(planFile)
	if err != nil {
		return err
	}
	var p plan
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	var system unix.Utsname
	if err := unix.Uname(&system); err != nil {
		return err
	}
	device, err := os.OpenFile(resultsDevice, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer device.Close()
	results := json.NewEncoder(device)
	for _, name := range p.Packages {
		fmt.Println(name)
		r := test(name, p.Run)
		r.Kernel = unix.ByteSliceToString(system.Release[:])
		if err := results.Encode(r); err != nil {
			return err
		}
	}
	return unix.IoctlSetInt(int(device.Fd()), unix.TCSBRK, 1) // returns when all has been sent
}

// test runs the tests of one package.
func test(name, run string) result {
	ctx, stop := context.WithTimeout(context.Background(), limit+10*time.Second)
	defer stop()
	options := []string{"-test.v", "-test.short", "-test.timeout=" + limit.String(), "-test.run=" + run}
	c := exec.CommandContext(ctx, binary(name), append(options, arguments[name]...)...)
	c.Dir = path.Join(moduleFolder, name)
	c.WaitDelay = time.Second // processes left behind may have the output open
	var output bytes.Buffer
	c.Stdout, c.Stderr = &output, &output
	began := time.Now()
	err := c.Run()
	r := summarize(output.String())
	r.Package, r.Seconds = name, int(time.Since(began).Seconds())
	if err != nil {
		r.Error, r.Output = err.Error(), shorten(output.String())
	}
	return r
}
