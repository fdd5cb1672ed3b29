package netns_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// threadNamespace names the network namespace of the calling thread.
func threadNamespace() (string, error) { return os.Readlink("/proc/thread-self/ns/net") }

func TestDoEntersAndLeaves(t *testing.T) {
	ns := netns.NewTest(t, "a")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := threadNamespace()
	netns.Must(t, err)

	var within string
	netns.Must(t, ns.Do(func() (err error) {
		within, err = threadNamespace()
		return err
	}))
	after, err := threadNamespace()
	netns.Must(t, err)
	if within == before || after != before {
		t.Errorf("before in %s, within in %s, after in %s", before, within, after)
	}
}

func TestDoReturnsError(t *testing.T) {
	ns := netns.NewTest(t, "a")
	want := errors.New("of f")
	if err := ns.Do(func() error { return want }); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestDoEndsItsCallerWithF(t *testing.T) {
	ns := netns.NewTest(t, "a")
	cameBack := false
	var caller sync.WaitGroup
	caller.Go(func() {
		_ = ns.Do(func() error { runtime.Goexit(); return nil })
		cameBack = true
	})
	caller.Wait()
	if cameBack {
		t.Error("the caller went on after f had ended its goroutine, as tb.Fatal does")
	}
}

func TestDoLeavesNoThreadInNamespace(t *testing.T) {
	requireInside(t)
	ns := netns.NewTest(t, "a")
	home := currentNamespace()
	var callers sync.WaitGroup
	for range 50 {
		callers.Go(func() {
			if err := ns.Do(func() error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	threads, err := os.ReadDir("/proc/self/task")
	netns.Must(t, err)
	for _, thread := range threads {
		at, err := os.Readlink("/proc/self/task/" + thread.Name() + "/ns/net")
		if err == nil && at != home { // a thread may have ended meanwhile
			t.Errorf("thread %s is in %s, want %s", thread.Name(), at, home)
		}
	}
}

func TestStart(t *testing.T) {
	ns := netns.NewTest(t, "a")
	var want string
	netns.Must(t, ns.Do(func() (err error) {
		want, err = threadNamespace()
		return err
	}))

	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), role+"=print namespace")
	r, w, err := os.Pipe()
	netns.Must(t, err)
	defer r.Close()
	cmd.Stdout = w
	netns.Must(t, ns.Start(cmd), w.Close(), cmd.Wait())
	got := make([]byte, 100)
	n, err := r.Read(got)
	netns.Must(t, err)
	if string(got[:n]) != want {
		t.Errorf("child is in %s, want %s", got[:n], want)
	}
}

func TestSysctl(t *testing.T) {
	a, b := netns.NewTest(t, "a"), netns.NewTest(t, "b")
	netns.Must(t, a.Sysctl("net.ipv4.ip_forward", "1"), a.Sysctl("net/ipv6/conf/all/forwarding", "1"))
	for _, tc := range []struct {
		ns   *netns.NS
		want string
	}{{a, "1\n"}, {b, "0\n"}} {
		var got []byte
		netns.Must(t, tc.ns.Do(func() (err error) {
			got, err = os.ReadFile("/proc/sys/net/ipv4/ip_forward")
			return err
		}))
		if string(got) != tc.want {
			t.Errorf("ip_forward in %s is %q, want %q", tc.ns.Name, got, tc.want)
		}
	}
	if err := a.Sysctl("net.ipv4.no_such_setting", "1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("unknown setting: got %v, want %v", err, fs.ErrNotExist)
	}
}

func TestOwn(t *testing.T) {
	want, err := threadNamespace()
	netns.Must(t, err)
	var got string
	netns.Must(t, netns.Own(t).Do(func() (err error) {
		got, err = threadNamespace()
		return err
	}))
	if got != want {
		t.Errorf("namespace %s, want %s", got, want)
	}
}
