package inject_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// checkRole is the environment variable that makes the test binary a process that prints what
// CheckHost finds.
const checkRole = "INJECT_TEST_CHECK"

// TestCheckHostWithoutRight looks at a host as somebody who may make no network namespace to try
// in: nothing is made in the host's own.
func TestCheckHostWithoutRight(t *testing.T) {
	if _, ok := os.LookupEnv(checkRole); ok {
		sink, _ := build(t, nil)
		for _, f := range sink.(pipeline.HostChecker).CheckHost() {
			fmt.Printf("%s %s; %v\n", f.Subject, f.State, f.Stops)
		}
		os.Exit(0)
	}
	host := newHost(t)
	netns.Must(t, host.Sysctl("net.ipv4.ip_forward", "1"))
	before := traces(t, host)
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), checkRole+"=")
	out, err := cmd.StdoutPipe()
	netns.Must(t, err, host.Do(func() error {
		runtime.LockOSThread() // and never unlock it: the process has what its thread may have
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_ADMIN, 0, 0, 0); err != nil {
			return err
		}
		return cmd.Start()
	}))
	text, err := io.ReadAll(out)
	netns.Must(t, err, cmd.Wait())
	const want = "device pmtud0 does not exist yet; whether it can be created was not tried; false\n"
	if got := string(text); got != want {
		t.Errorf("found %q, want %q", got, want)
	}
	wantTraces(t, host, before)
}
