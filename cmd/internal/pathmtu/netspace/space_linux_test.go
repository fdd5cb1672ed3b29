package netspace_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/netspace"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func TestMain(m *testing.M) { netns.Main(m) }

func current() (string, error) { return os.Readlink("/proc/thread-self/ns/net") }

// TestAll finds the namespace of a process, as of a container, and enters it.
func TestAll(t *testing.T) {
	ns := netns.NewTest(t, "container")
	c := exec.Command("cat") // it lives until its input ends
	in, err := c.StdinPipe()
	netns.Must(t, err, ns.Start(c))
	t.Cleanup(func() {
		in.Close()
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	})
	var want string
	netns.Must(t, ns.Do(func() (err error) {
		want, err = current()
		return err
	}))
	home, err := current()
	netns.Must(t, err)

	spaces, _, err := netspace.All()
	netns.Must(t, err)
	names := map[string]string{}
	for i, s := range spaces {
		defer s.Close()
		if s.IsOwn() != (i == 0) {
			t.Errorf("namespace %d is called %q; the first is that of the process", i, s.Name)
		}
		err := s.Do(func() error {
			at, err := current()
			if names[at] != "" {
				t.Errorf("%s is there twice", at)
			}
			names[at] = "+" + s.Name
			return err
		})
		if err != nil && !strings.Contains(err.Error(), "operation not permitted") { // what is the machine's
			t.Error(err)
		}
	}
	if got := names[want]; got != fmt.Sprintf("+cat (process %d)", c.Process.Pid) {
		t.Errorf("the container's is called %q among %v", got, names)
	}
	if got := names[home]; got != "+" {
		t.Errorf("that of this process is called %q", got)
	}
	if at, err := current(); at != home || err != nil {
		t.Errorf("the thread ended in %s, %v", at, err)
	}
}

// TestOnce lists a namespace with two processes once, and hands on what fails in it.
func TestOnce(t *testing.T) {
	ns := netns.NewTest(t, "container")
	for range 2 {
		c := exec.Command("cat")
		in, err := c.StdinPipe()
		netns.Must(t, err, ns.Start(c))
		t.Cleanup(func() { in.Close(); _ = c.Wait() }) // its input has ended
	}
	var want string
	netns.Must(t, ns.Do(func() (err error) {
		want, err = current()
		return err
	}))
	spaces, _, err := netspace.All()
	netns.Must(t, err)
	failure := errors.New("broken")
	times := 0
	for _, s := range spaces {
		defer s.Close()
		err := s.Do(func() error {
			if at, err := current(); at != want || err != nil {
				return err
			}
			times++
			return failure
		})
		if errors.Is(err, failure) != strings.HasPrefix(s.Name, "cat (") {
			t.Errorf("in %q: %v", s.Name, err)
		}
	}
	if times != 1 {
		t.Errorf("the namespace is there %d times", times)
	}
}
