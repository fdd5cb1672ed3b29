package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"

	"github.com/vishvananda/netlink"
	vishnetns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// NS is a network namespace. It lives until it is closed and the last process
// and socket in it are gone; veth pairs with an end in it go with it. Its methods
// may be called from several goroutines.
type NS struct {
	Name string // as given to New; do not change it
	fd   int
	link *netlink.Handle
}

// New makes a network namespace, whose loopback interface is up and whose IPv6
// addresses can be used at once, without duplicate address detection. The name
// is for messages; nothing else knows it.
func New(name string) (*NS, error) {
	fd, err := create()
	if err != nil {
		return nil, fmt.Errorf("create namespace %s: %w", name, err)
	}
	return setUp(name, fd)
}

// own returns the namespace of the process.
func own() (*NS, error) {
	fd, err := openCurrent()
	if err != nil {
		return nil, err
	}
	return setUp("of the process", fd)
}

// setUp makes an NS of a namespace's descriptor.
func setUp(name string, fd int) (*NS, error) {
	link, err := netlink.NewHandleAt(vishnetns.NsHandle(fd), unix.NETLINK_ROUTE)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open netlink in namespace %s: %w", name, err), unix.Close(fd))
	}
	ns := &NS{Name: name, fd: fd, link: link}
	if err := errors.Join(ns.Up("lo"), ns.noDAD()); err != nil {
		return nil, errors.Join(err, ns.Close())
	}
	return ns, nil
}

// create returns a descriptor of a new network namespace.
func create() (int, error) {
	fd := -1
	err := onOwnThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		var err error
		fd, err = openCurrent()
		return err
	})
	return fd, err
}

// noDAD switches duplicate address detection off for interfaces yet to come,
// also for their link-local addresses, which no one adds by hand.
func (ns *NS) noDAD() error {
	err := ns.Sysctl("net.ipv6.conf.default.accept_dad", "0")
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no IPv6, no detection
	}
	return err
}

// Close lets go of the namespace. Close sockets and end processes in it first:
// they keep it alive.
func (ns *NS) Close() error {
	ns.link.Close()
	if err := unix.Close(ns.fd); err != nil {
		return fmt.Errorf("close namespace %s: %w", ns.Name, err)
	}
	return nil
}

// Do calls f on an operating system thread that is in the namespace, and returns
// its error. Sockets that f opens and processes that it starts are the
// namespace's for ever; goroutines that it starts are not in it. A numeric
// address is all that package net looks up without further goroutines; see also
// [NS.Listen] and [NS.Dial]. f may end its test by tb.Fatal.
func (ns *NS) Do(f func() error) error {
	return onOwnThread(func() error {
		if err := unix.Setns(ns.fd, unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter namespace %s: %w", ns.Name, err)
		}
		return f()
	})
}

// onOwnThread calls f on a thread that may change its network namespace. The
// thread is led back; one that cannot be is given up, so that no other goroutine
// ever wakes up in a strange namespace.
func onOwnThread(f func() error) (err error) {
	returned := false
	var thread sync.WaitGroup
	thread.Go(func() {
		runtime.LockOSThread()
		home, e := openCurrent()
		if e != nil {
			runtime.UnlockOSThread()
			err, returned = e, true
			return
		}
		defer leadBack(home)
		err = f()
		returned = true
	})
	thread.Wait()
	if !returned {
		runtime.Goexit() // as f did
	}
	return err
}

// leadBack returns the calling thread to its namespace and unlocks it. A
// goroutine that ends while locked takes its thread with it.
func leadBack(home int) {
	if unix.Setns(home, unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	}
	_ = unix.Close(home)
}

// openCurrent returns a descriptor of the calling thread's network namespace.
func openCurrent() (int, error) {
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open thread's network namespace: %w", err)
	}
	return fd, nil
}

// Start starts the command in the namespace. The caller waits for it as usual.
func (ns *NS) Start(cmd *exec.Cmd) error { return ns.Do(cmd.Start) }

// Sysctl sets a network setting of the namespace, named as for sysctl(8), such
// as net.ipv4.ip_forward. With an interface whose name has a dot, write slashes:
// net/ipv4/conf/eth0.100/rp_filter. A setting that the kernel does not have is
// an error that is fs.ErrNotExist.
func (ns *NS) Sysctl(key, value string) error {
	path := key
	if !strings.Contains(key, "/") {
		path = strings.ReplaceAll(key, ".", "/")
	}
	// The kernel shows everyone the settings of the thread's own namespace.
	err := ns.Do(func() error { return os.WriteFile("/proc/sys/"+path, []byte(value), 0) })
	if err != nil {
		return fmt.Errorf("set %s=%s in namespace %s: %w", key, value, ns.Name, err)
	}
	return nil
}
