// Command probe confines itself to the plan that it reads as JSON from standard
// input, with what it is to try, and prints what came of it. A test builds it as
// pmtud is built, without cgo.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
)

// task is what to do.
type task struct {
	Plan sandbox.Plan
	Mode sandbox.Mode
	User string

	Etc    string   // folder that is to be the host's /etc
	LookUp []string // users

	Read, Write []string // files
	Remove      []string
	Empty       []string // while reading them
	Sockets     []int    // families
	Streams     []int    // protocols
	Listen      []string
	Connect     []string
	Execute     []string     // files that are no programs
	Signal      int          // a process that gets none
	Wanted      sandbox.Plan // what it asks whether it lacks

	NoCalls      []uint32 // that the kernel lacks, by number
	NoErrata     bool     // that the kernel's Landlock knows of
	OtherFilter  bool     // a thread has a seccomp filter of its own
	Without      []string // capabilities that it lacks from the beginning
	Do           string   // a user with whose rights it does nothing
	Unprivileged bool     // look up the user that root becomes
}

// result is what came of it: nothing, or an error's text, by what was tried.
type result struct {
	Error        string
	Report       sandbox.Report
	UID          int
	Effective    uint32 // capabilities, of the first 32
	Bounding     bool   // whether CAP_SYS_ADMIN can ever be had again
	BoundingRaw  bool   // likewise CAP_NET_RAW
	NoNewPrivs   int
	Tried        map[string]string
	OtherThreads string // why a thread that was there before differs

	Users       map[string]sandbox.User // found, by what was looked up
	Lacks       []string
	NotWritable []string
	Denied      []string
}

func main() {
	var t task
	if err := json.NewDecoder(os.Stdin).Decode(&t); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r := t.run()
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		os.Exit(1)
	}
}

func (t task) run() (r result) {
	r.Tried = map[string]string{}
	if err := t.lookUp(&r); err != nil {
		r.Error = err.Error()
		return r
	}
	if err := t.takeAway(); err != nil {
		r.Error = err.Error()
		return r
	}
	if t.Do != "" {
		r.Tried["do as "+t.Do] = textOf(t.doAs())
	}
	others := startThreads()
	if t.User != "" {
		user, err := sandbox.LookUp(t.User)
		if err != nil {
			r.Error = err.Error()
			return r
		}
		t.Plan.User = user
	}
	var err error
	if r.Report, err = sandbox.Enter(t.Plan, t.Mode); err != nil {
		r.Error = err.Error()
		return r
	}
	r.UID = os.Getuid()
	r.Effective, r.NoNewPrivs, r.Bounding = rights()
	if has, _ := unix.PrctlRetInt(unix.PR_CAPBSET_READ, unix.CAP_NET_RAW, 0, 0, 0); has == 1 {
		r.BoundingRaw = true
	}
	r.OtherThreads = others.differ(r)
	confined := sandbox.Confined{Plan: t.Plan, Mode: t.Mode, Report: r.Report}
	r.Lacks, r.NotWritable, r.Denied = confined.Lacks(t.Wanted), confined.NotWritable(), confined.Denied()
	t.try(r.Tried)
	return r
}

// takeAway takes from the kernel and from the process what they are to lack.
func (t task) takeAway() error {
	var errs []error
	set := cap.GetProc() // which asks the kernel what there is, the first time
	if t.NoErrata {
		const askErrata = 1 << 1 // LANDLOCK_CREATE_RULESET_ERRATA
		errs = append(errs, without(unix.SYS_LANDLOCK_CREATE_RULESET, allThreads, ifArgument(2, askErrata)...))
	}
	for _, call := range t.NoCalls {
		errs = append(errs, without(call, allThreads))
	}
	if t.OtherFilter {
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			done <- without(unix.SYS_REBOOT, 0)
			select {} // the thread stays
		}()
		errs = append(errs, <-done)
	}
	for _, name := range t.Without {
		v, err := cap.FromName(name)
		errs = append(errs, err, set.SetFlag(cap.Effective, false, v), set.SetFlag(cap.Permitted, false, v))
	}
	if len(t.Without) > 0 {
		errs = append(errs, set.SetProc())
	}
	return errors.Join(errs...)
}

func (t task) doAs() error {
	user, err := sandbox.LookUp(t.Do)
	if err != nil {
		return err
	}
	done := false
	err = user.Do(func() { done = true })
	if done != (err == nil) {
		return fmt.Errorf("done: %v, though: %w", done, err)
	}
	return err
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// lookUp looks up users, in the files of a folder if one is given.
func (t task) lookUp(r *result) error {
	if t.Etc != "" {
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return fmt.Errorf("take mounts for itself: %w", err)
		}
		if err := unix.Mount(t.Etc, "/etc", "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount /etc: %w", err)
		}
	}
	if t.Unprivileged {
		r.Users = map[string]sandbox.User{"unprivileged": *sandbox.Unprivileged()}
	}
	for _, name := range t.LookUp {
		user, err := sandbox.LookUp(name)
		if err != nil {
			r.Tried["look up "+name] = err.Error()
			continue
		}
		if r.Users == nil {
			r.Users = map[string]sandbox.User{}
		}
		r.Users[name] = *user
	}
	return nil
}

func (t task) try(tried map[string]string) {
	note := func(what string, err error) {
		var errno unix.Errno
		switch {
		case err == nil:
			tried[what] = ""
		case errors.As(err, &errno):
			tried[what] = errno.Error()
		default:
			tried[what] = err.Error()
		}
	}
	for _, path := range t.Read {
		_, err := os.ReadFile(path)
		note("read "+path, err)
	}
	for _, path := range t.Write {
		note("write "+path, os.WriteFile(path, []byte("probe"), 0o600))
	}
	for _, path := range t.Empty {
		f, err := os.OpenFile(path, os.O_RDONLY|os.O_TRUNC, 0)
		if err == nil {
			err = f.Close()
		}
		note("empty "+path, err)
	}
	for _, path := range t.Remove {
		note("remove "+path, os.Remove(path))
	}
	for _, family := range t.Sockets {
		fd, err := unix.Socket(family, unix.SOCK_DGRAM, 0)
		if err == nil {
			unix.Close(fd)
		}
		note(fmt.Sprint("socket ", family), err)
	}
	for _, protocol := range t.Streams {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, protocol)
		if err == nil {
			unix.Close(fd)
		}
		note(fmt.Sprint("stream ", protocol), err)
	}
	for _, address := range t.Listen {
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
		if err == nil {
			l.Close()
		}
		note("listen "+address, err)
	}
	for _, address := range t.Connect {
		c, err := new(net.Dialer).Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		note("connect "+address, err)
	}
	for _, path := range t.Execute {
		note("execute "+path, unix.Exec(path, []string{path}, nil))
	}
	if t.Signal != 0 {
		note("signal", unix.Kill(t.Signal, 0))
	}
}

// rights returns what the calling thread may do.
func rights() (effective uint32, noNewPrivs int, bounding bool) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	_ = unix.Capget(&header, &data[0])
	noNewPrivs, _ = unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	has, _ := unix.PrctlRetInt(unix.PR_CAPBSET_READ, unix.CAP_SYS_ADMIN, 0, 0, 0)
	return data[0].Effective, noNewPrivs, has == 1
}

// threads are some that were there before the process was confined.
type threads struct {
	ask, answer sync.WaitGroup
	mu          sync.Mutex
	seen        []result
	tried       []error
}

func startThreads() *threads {
	t := new(threads)
	t.ask.Add(1)
	var there sync.WaitGroup
	for range 4 {
		there.Add(1)
		t.answer.Add(1)
		go func() {
			defer t.answer.Done()
			runtime.LockOSThread()
			there.Done()
			t.ask.Wait()
			var r result
			r.Effective, r.NoNewPrivs, r.Bounding = rights()
			_, err := unix.Socket(unix.AF_ALG, unix.SOCK_SEQPACKET, 0)
			t.mu.Lock()
			defer t.mu.Unlock()
			t.seen, t.tried = append(t.seen, r), append(t.tried, err)
		}()
	}
	there.Wait()
	return t
}

func (t *threads) differ(want result) string {
	t.ask.Done()
	t.answer.Wait()
	for i, got := range t.seen {
		if got.Effective != want.Effective || got.NoNewPrivs != want.NoNewPrivs || got.Bounding != want.Bounding {
			return fmt.Sprintf("effective %x, no_new_privs %d, bounding %v", got.Effective, got.NoNewPrivs, got.Bounding)
		}
		if want.Report.Calls == "seccomp" && !errors.Is(t.tried[i], unix.EAFNOSUPPORT) {
			return fmt.Sprintf("a socket of another family: %v", t.tried[i])
		}
	}
	return ""
}
