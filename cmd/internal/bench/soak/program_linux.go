package soak

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds everything that is waited for.
const patience = 30 * time.Second

// mountThenRun is a shell's: it gives the program a small disk, and the host's name server,
// that nobody else sees.
const mountThenRun = `mount -t tmpfs -o size=512k soak "$1" && mkdir "$1/in" &&
mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"`

// resolvConf names the host's name server, which does not keep anybody waiting.
const resolvConf = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"

// program is the running pmtud.
type program struct {
	*exec.Cmd
	config string   // path
	disk   *os.Root // its file system
	kept   string   // inode of the socket that the pipeline kept captures with

	log     logBuffer
	read    chan struct{} // closed at the end of its output
	lines   atomic.Uint64 // of its output that were read
	stalled atomic.Bool   // nobody reads it
}

// startProgram starts pmtud in the host's namespace, with the pipeline kept alone.
func startProgram(h *host, path, dir string) (*program, error) {
	disk, resolver := filepath.Join(dir, "disk"), filepath.Join(dir, "resolv.conf")
	p := &program{config: filepath.Join(dir, "pmtud.yaml"), read: make(chan struct{})}
	err := errors.Join(os.Mkdir(disk, 0o700), os.WriteFile(resolver, []byte(resolvConf), 0o644), p.write(configuration(disk, -1)))
	if err != nil {
		return nil, err
	}
	p.Cmd = exec.Command("sh", "-c", mountThenRun, "sh", disk, resolver, path, "run", "-c", p.config)
	p.Stderr = &p.log
	p.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := h.ns.Start(p.Cmd); err != nil {
		return nil, fmt.Errorf("start pmtud: %w", err)
	}
	go p.readOutput(out)
	err = p.await("the start", func() (bool, error) {
		p.kept, err = onlyListener(h)
		return p.kept != "" && p.log.count("ready") > 0, err
	})
	if err == nil {
		p.disk, err = os.OpenRoot(fmt.Sprintf("/proc/%d/root%s", p.Process.Pid, disk))
	}
	if err != nil {
		return nil, errors.Join(err, p.kill())
	}
	return p, nil
}

func (p *program) readOutput(out interface{ Read([]byte) (int, error) }) {
	defer close(p.read)
	for s := bufio.NewScanner(out); s.Scan(); p.lines.Add(1) {
		for p.stalled.Load() {
			time.Sleep(time.Millisecond)
		}
	}
}

// await waits until is reports true.
func (p *program) await(what string, is func() (bool, error)) error {
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
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
	err = h.ns.Do(func() error {
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

// onlyListener returns the inode of the only socket that receives.
func onlyListener(h *host) (string, error) {
	all, err := listeners(h)
	if len(all) == 1 {
		for inode := range all {
			return inode, err
		}
	}
	return "", err
}

// awaitListening waits until the pipeline kept captures on the interface.
func (p *program) awaitListening(h *host) error {
	ifi, err := h.ns.Interface(h.name)
	if err != nil {
		return err
	}
	return p.await("pipeline kept to listen again", func() (bool, error) {
		all, err := listeners(h)
		return all[p.kept] == ifi.Index, err
	})
}

// write replaces the configuration file.
func (p *program) write(config string) error {
	return errors.Join(os.WriteFile(p.config+"~", []byte(config), 0o600), os.Rename(p.config+"~", p.config))
}

// reload makes the program read a configuration and waits until it has. It reports
// whether that now runs.
func (p *program) reload(config string) (good bool, err error) {
	goods, bads := p.log.count("reloaded"), p.log.count("can't reload")
	if err := errors.Join(p.write(config), p.Process.Signal(unix.SIGHUP)); err != nil {
		return false, err
	}
	err = p.await("a reload", func() (bool, error) {
		good = p.log.count("reloaded") > goods
		return good || p.log.count("can't reload") > bads, nil
	})
	return good, err
}

// end stops the program in order.
func (p *program) end() error {
	if err := p.Process.Signal(unix.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(patience, func() { _ = p.Process.Signal(unix.SIGQUIT) })
	defer late.Stop()
	<-p.read
	if err := p.Wait(); err != nil {
		return fmt.Errorf("pmtud ended: %w", err)
	}
	return nil
}

// kill ends a program that did not start.
func (p *program) kill() error {
	_ = p.Process.Kill() // else it has ended
	<-p.read
	_ = p.Wait()
	return fmt.Errorf("pmtud said:\n%s", p.log.octets())
}

// logBuffer is what the program logs.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
	seen map[string]int // messages
	part []byte         // of a line
}

func (b *logBuffer) Write(octets []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil {
		b.seen = map[string]int{}
	}
	b.part = append(b.part, octets...)
	for {
		end := bytes.IndexByte(b.part, '\n')
		if end < 0 {
			return len(octets), nil
		}
		b.note(b.part[:end+1])
		b.part = b.part[end+1:]
	}
}

// note keeps a line and counts its message.
func (b *logBuffer) note(text []byte) {
	b.text.Write(text)
	if _, rest, ok := bytes.Cut(text, []byte(`"msg":"`)); ok {
		message, _, _ := strings.Cut(string(rest), `"`)
		message, _, _ = strings.Cut(message, ",")
		b.seen[message]++
	}
}

// count returns how often a message was logged; of one with a comma, its beginning.
func (b *logBuffer) count(message string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen[message]
}

func (b *logBuffer) octets() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.text.Bytes())
}
