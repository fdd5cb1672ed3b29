package livebench

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/bench/setgroups"
)

// Options of pmtud.
var (
	limited   = []string{"--dry-run", "--ports", "80,443"}
	unlimited = []string{"--src-rate", "1e9", "--iface-rate", "1e9"}
)

// filter is the original daemon's, as libpcap compiles it.
const filter = "((icmp and icmp[0] == 3 and icmp[1] == 4) or (icmp6 and ip6[40+0] == 2 and ip6[40+1] == 0)) and (ether dst not ff:ff:ff:ff:ff:ff)"

// startTimeout and stopTimeout bound the start and the end of a program.
const (
	startTimeout = 15 * time.Second
	stopTimeout  = 15 * time.Second
)

// program is one to be measured.
type program struct {
	name   string
	args   []string
	ready  string // in the line that it prints when it captures
	signal syscall.Signal
	got    *regexp.Regexp // in what it prints at its end
	lost   *regexp.Regexp

	prepare func() error  // the thread that starts it
	patient time.Duration // how long it lets packets gather
}

func (b *bench) pmtud(options ...string) program {
	return program{
		name: "pmtud", args: append([]string{b.Pmtud, "--iface", iface}, options...),
		ready: "msg=ready", signal: syscall.SIGTERM,
		got:     regexp.MustCompile(`msg="pipeline stopped" .*\breceived=(\d+)`),
		lost:    regexp.MustCompile(`msg="pipeline stopped" .*\blost=(\d+)`),
		prepare: func() error { return nil },
		patient: 10 * time.Millisecond,
	}
}

// tcpdump stays root: the namespace has no other user. Its standard output is
// /dev/null; by that name it would try to own it.
func tcpdump() program {
	return program{
		name: "tcpdump", args: []string{"tcpdump", "-Z", "root", "-i", iface, "-w", "-", filter},
		ready: "listening on", signal: syscall.SIGINT,
		got:     regexp.MustCompile(`(\d+) packets? captured`),
		lost:    regexp.MustCompile(`(\d+) packets? dropped by kernel`),
		prepare: setgroups.Pretend,
		patient: 1200 * time.Millisecond, // a second, as it tells libpcap
	}
}

// process is a running program on the host.
type process struct {
	program
	cmd    *exec.Cmd
	stderr output
	ended  chan struct{}
	status error // after the end
}

// counts is what a program says that it got and lost.
type counts struct{ got, lost int }

// start runs a program on the host's CPU and returns when it captures.
func (b *bench) start(ctx context.Context, p program) (*process, error) {
	r := &process{program: p, cmd: exec.CommandContext(ctx, p.args[0], p.args[1:]...), ended: make(chan struct{})}
	r.stderr.ready, r.stderr.mark = make(chan struct{}), p.ready
	r.cmd.Stderr = &r.stderr
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	go func() {
		defer close(r.ended)
		r.status = b.network.host.Do(func() error { return b.run(r) })
	}()
	var err error
	select {
	case <-r.stderr.ready:
		return r, nil
	case <-r.ended:
		err = fmt.Errorf("ended at once: %w", r.status)
	case <-time.After(startTimeout):
		r.kill()
		err = context.DeadlineExceeded
	}
	return nil, fmt.Errorf("start %s: %w: %s", p.name, err, r.stderr.String())
}

// run runs the program until it ends. It keeps the thread as long, since the death
// of the thread is that of the program (Pdeathsig), and gives it up then.
func (b *bench) run(r *process) error {
	runtime.LockOSThread()
	err := r.prepare()
	if err == nil {
		err = onCPU(b.cpus.host, r.cmd.Start)
	}
	if err != nil {
		return err
	}
	return r.cmd.Wait()
}

// stop ends the program in order and returns its counts.
func (r *process) stop() (counts, error) {
	if err := r.cmd.Process.Signal(r.signal); err != nil {
		return counts{}, fmt.Errorf("stop %s: %w", r.name, err)
	}
	select {
	case <-r.ended:
	case <-time.After(stopTimeout):
		r.kill()
		return counts{}, fmt.Errorf("stop %s: it does not end", r.name)
	}
	if r.status != nil {
		return counts{}, fmt.Errorf("stop %s: %w: %s", r.name, r.status, r.stderr.String())
	}
	return r.counts()
}

func (r *process) counts() (c counts, err error) {
	for _, field := range []struct {
		pattern *regexp.Regexp
		value   *int
	}{{r.got, &c.got}, {r.lost, &c.lost}} {
		match := field.pattern.FindStringSubmatch(r.stderr.String())
		if match == nil {
			return c, fmt.Errorf("read counts of %s: nothing matches %v in: %s", r.name, field.pattern, r.stderr.String())
		}
		if *field.value, err = strconv.Atoi(match[1]); err != nil {
			return c, fmt.Errorf("read counts of %s: %w", r.name, err)
		}
	}
	return c, nil
}

// kill ends the program at once and waits for that.
func (r *process) kill() {
	_ = r.cmd.Process.Kill() // it may have ended by itself
	<-r.ended
}

// cpuTime returns the CPU time that the program has used so far.
func (r *process) cpuTime() (time.Duration, error) { return cpuTime(r.cmd.Process.Pid) }

// settle waits until the program has got and done all that came for it.
func (r *process) settle() error {
	time.Sleep(r.patient)
	return r.rest()
}

// rest waits until the program has nothing left to do.
func (r *process) rest() error {
	const pause, little = 20 * time.Millisecond, 200 * time.Microsecond
	before, err := r.cpuTime()
	for range int(5 * time.Second / pause) {
		if err != nil {
			return err
		}
		time.Sleep(pause)
		var now time.Duration
		now, err = r.cpuTime()
		if now-before < little {
			return err
		}
		before = now
	}
	return fmt.Errorf("%s does not come to rest", r.name)
}

// output collects what a program says and closes ready when it has said the mark.
type output struct {
	mu    sync.Mutex
	text  strings.Builder
	mark  string
	seen  bool
	ready chan struct{}
}

// Write implements [io.Writer].
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if !o.seen && strings.Contains(o.text.String(), o.mark) {
		o.seen = true
		close(o.ready)
	}
	return len(p), nil
}

// String returns what the program has said so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
