package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
)

// timeout bounds everything that is waited for.
const timeout = 30 * time.Second

// mountThenRun is a shell's: it gives the program a small disk, and the host's name server,
// that nobody else sees.
const mountThenRun = `mount -t tmpfs -o size=512k soak "$1" && mkdir "$1/in" &&
mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"`

// resolvConf names the host's name server, which does not keep anybody waiting.
const resolvConf = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"

// program is the running pmtud.
type program struct {
	*rig.Process
	output output
	config string   // path
	disk   *os.Root // its file system
	kept   []string // inodes of the sockets that the pipeline kept captures with
}

// startProgram starts pmtud in the host's namespace, with the pipeline kept alone.
func startProgram(h *host, path, dir string) (*program, error) {
	disk, resolver := filepath.Join(dir, "disk"), filepath.Join(dir, "resolv.conf")
	p := &program{config: filepath.Join(dir, "pmtud.yaml")}
	err := errors.Join(os.Mkdir(disk, 0o700), os.WriteFile(resolver, []byte(resolvConf), 0o644), p.write(configuration(disk, -1)))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("sh", "-c", mountThenRun, "sh", disk, resolver, path, "run", "-c", p.config)
	cmd.Stdout = &p.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	if p.Process, err = rig.Start(h.Host, "pmtud", cmd, rig.Options{Ready: `"msg":"ready"`}); err != nil {
		return nil, err
	}
	if err = p.WaitReady(context.Background()); err == nil {
		err = p.await("the start", func() (bool, error) {
			all, err := listeners(h)
			p.kept = slices.Collect(maps.Keys(all))
			return len(all) > 0, err
		})
	}
	if err == nil {
		p.disk, err = os.OpenRoot(fmt.Sprintf("/proc/%d/root%s", p.Pid, disk))
	}
	if err != nil {
		return nil, p.killed(err)
	}
	return p, nil
}

// killed ends a program after an error, to which it adds what the program said.
func (p *program) killed(err error) error {
	p.Kill()
	return fmt.Errorf("%w\npmtud said:\n%s", err, &p.Stderr)
}

// output counts the lines that the program prints.
type output struct {
	lines   atomic.Uint64
	stalled atomic.Bool // nobody reads
}

// Write implements [io.Writer].
func (o *output) Write(b []byte) (int, error) {
	for o.stalled.Load() {
		time.Sleep(time.Millisecond)
	}
	o.lines.Add(uint64(bytes.Count(b, []byte("\n"))))
	return len(b), nil
}

// await waits until is reports true.
func (p *program) await(what string, is func() (bool, error)) error {
	for end := time.Now().Add(timeout); ; time.Sleep(time.Millisecond) {
		ok, err := is()
		if ok || err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("waited in vain for %s", what)
		}
	}
}

// listeners returns the packet sockets of the host's namespace that receive on an
// interface, by their inodes. Those of sinks are none.
func listeners(h *host) (index map[string]int, err error) {
	index = map[string]int{}
	err = h.Host.Do(func() error {
		text, err := os.ReadFile("/proc/thread-self/net/packet")
		for line := range strings.Lines(string(text)) {
			// sk RefCnt Type Proto Iface R Rmem User Inode
			if f := strings.Fields(line); len(f) == 9 && f[3] == "0003" && f[5] == "1" {
				index[f[8]], _ = strconv.Atoi(f[4])
			}
		}
		return err
	})
	return index, err
}

// awaitListening waits until the pipeline kept captures on the interface.
func (p *program) awaitListening(h *host) error {
	ifi, err := h.Host.Interface(h.name)
	if err != nil {
		return err
	}
	return p.await("pipeline kept to listen again", func() (bool, error) {
		all, err := listeners(h)
		for _, inode := range p.kept {
			if all[inode] != ifi.Index {
				return false, err
			}
		}
		return true, err
	})
}

// write replaces the configuration file.
func (p *program) write(config string) error {
	return errors.Join(os.WriteFile(p.config+"~", []byte(config), 0o600), os.Rename(p.config+"~", p.config))
}

// reload makes the program read a configuration and waits until it has. It reports
// whether that now runs.
func (p *program) reload(config string) (good bool, err error) {
	before := p.Stderr.Len()
	if err := errors.Join(p.write(config), p.Signal(unix.SIGHUP)); err != nil {
		return false, err
	}
	err = p.await("a reload", func() (bool, error) {
		said := p.Stderr.From(before)
		good = strings.Contains(said, `"msg":"reloaded"`)
		return good || strings.Contains(said, `"msg":"reload failed`), nil
	})
	return good, err
}
