package netns

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// Available makes a namespace for trial. It returns nil or the reason why the
// process cannot have one, with the system settings that forbid it.
func Available() error {
	ns, err := New("trial")
	if err == nil {
		return ns.Close()
	}
	if why := os.Getenv(marker); why != "" && why != inside {
		err = fmt.Errorf("%w (start in user namespace: %s)", err, why)
	}
	if settings := forbidding(); len(settings) > 0 {
		err = fmt.Errorf("%w: %s", err, strings.Join(settings, ", "))
	}
	return err
}

// forbidding lists the system settings known to forbid namespaces that do so here.
func forbidding() []string {
	var found []string
	for _, s := range []struct{ key, value string }{
		{"kernel/unprivileged_userns_clone", "0"},             // Debian's kernels
		{"kernel/apparmor_restrict_unprivileged_userns", "1"}, // Ubuntu from 23.10 on
		{"user/max_user_namespaces", "0"},
		{"user/max_net_namespaces", "0"},
	} {
		value, err := os.ReadFile("/proc/sys/" + s.key)
		if err == nil && strings.TrimSpace(string(value)) == s.value {
			found = append(found, strings.ReplaceAll(s.key, "/", ".")+" is "+s.value)
		}
	}
	return found
}

// Require skips a test, with the reason, where the system forbids namespaces.
// In continuous integration, where the environment variable CI is true, the test
// fails instead: there a skipped test is one that nobody runs.
func Require(tb testing.TB) {
	tb.Helper()
	if err := Available(); err != nil {
		forgo(tb, err)
	}
}

func forgo(tb testing.TB, err error) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf("no network namespaces, and CI is true: %v", err)
	}
	tb.Skipf("no network namespaces: %v", err)
}

// NewTest is [New] for a test, which it skips or fails as [Require] does. The
// namespace is closed when the test ends.
func NewTest(tb testing.TB, name string) *NS {
	tb.Helper()
	Require(tb)
	ns, err := New(name)
	Must(tb, err)
	tb.Cleanup(func() {
		if err := ns.Close(); err != nil {
			tb.Error(err)
		}
	})
	return ns
}

// Own returns the namespace that the process itself runs in, for tests of code that
// asks for the network wherever its goroutines run. Only [Run] makes one that is fit
// for that: elsewhere the test is skipped or fails as [Require] does. What a test
// leaves behind in it, the next one finds.
func Own(tb testing.TB) *NS {
	tb.Helper()
	Require(tb)
	if !Inside() {
		forgo(tb, fmt.Errorf("the process runs in the machine's: %s", os.Getenv(marker)))
	}
	ns, err := own()
	Must(tb, err)
	tb.Cleanup(func() {
		if err := ns.Close(); err != nil {
			tb.Error(err)
		}
	})
	return ns
}

// Must fails the test now if any of the errors is not nil. Go evaluates the
// arguments in order, so that it takes a list of steps:
//
//	netns.Must(t, netns.Veth(a, "eth0", b, "eth0"), a.Addr("eth0", "192.0.2.1/24"))
func Must(tb testing.TB, errs ...error) {
	tb.Helper()
	if err := errors.Join(errs...); err != nil {
		tb.Fatal(err)
	}
}
