package bench

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
)

// filter is the original daemon's, as libpcap compiles it.
const filter = "((icmp and icmp[0] == 3 and icmp[1] == 4) or (icmp6 and ip6[40+0] == 2 and ip6[40+1] == 0)) and (ether dst not ff:ff:ff:ff:ff:ff)"

// program is one to be measured.
type program struct {
	name   string
	args   []string
	ready  string // in the line that it prints when it captures
	signal syscall.Signal
	got    *regexp.Regexp // in what it prints at its end
	lost   *regexp.Regexp
	stdout io.Writer // nil is nowhere

	prepare   func() error  // the thread that starts it
	flushTime time.Duration // how long it lets packets gather

	forge func(frame []byte) // in place of the tap's; nil: the tap's
}

// pmtud is the program with the original daemon's options.
func pmtud(path string, options ...string) program {
	return ours(append([]string{path, "--iface", rig.Interface}, options...))
}

// configured is the program with a configuration file.
func configured(path, file string) program {
	return ours([]string{path, "run", "--control", "off", "-c", file})
}

// original is the daemon that pmtud succeeds, or one with its options and messages.
func original(path string) program {
	return program{
		name: "original", args: []string{path, "--iface", rig.Interface, "--dry-run", "--ports", "80,443"},
		ready: "Started", signal: syscall.SIGINT,
		got:       regexp.MustCompile(`\brecv=(\d+)`),
		lost:      regexp.MustCompile(`\bdrop=(\d+)`),
		prepare:   func() error { return nil },
		flushTime: 10 * time.Millisecond,
	}
}

func ours(args []string) program {
	return program{
		name: "pmtud", args: args,
		ready: "msg=ready", signal: syscall.SIGTERM,
		got:       regexp.MustCompile(`msg="pipeline stopped" .*\breceived=(\d+)`),
		lost:      regexp.MustCompile(`msg="pipeline stopped" .*\blost=(\d+)`),
		prepare:   func() error { return nil },
		flushTime: 10 * time.Millisecond,
	}
}

// tcpdump stays root: the namespace has no other user. Its standard output is
// /dev/null; by that name it would try to own it.
func tcpdump(source string, options ...string) program {
	return program{
		name: "tcpdump", args: append([]string{"tcpdump", "-Z", "root", "-i", source}, options...),
		ready: "listening on", signal: syscall.SIGINT,
		got:       regexp.MustCompile(`(\d+) packets? captured`),
		lost:      regexp.MustCompile(`(\d+) packets? dropped by kernel`),
		prepare:   ignoreSetgroups,
		flushTime: 1200 * time.Millisecond, // a second, as it asks libpcap
	}
}

// with returns the program with further options.
func (p program) with(options ...string) program {
	p.args = slices.Concat(p.args, options)
	return p
}

// under returns the program under a flood whose frames forge changes.
func (p program) under(forge func(frame []byte)) program {
	p.forge = forge
	return p
}

// process is a running program on the host.
type process struct {
	program
	*rig.Process
}

// counts is what a program says that it got and lost.
type counts struct{ got, lost int }

// start runs a program on the host's CPU and returns when it captures.
func (b *bench) start(ctx context.Context, p program) (*process, error) {
	cmd := exec.CommandContext(ctx, p.args[0], p.args[1:]...)
	cmd.Stdout = p.stdout
	running, err := rig.Start(b.cable.Host, p.name, cmd, rig.Options{Ready: p.ready, Around: func(start func() error) error {
		if err := p.prepare(); err != nil {
			return err
		}
		return onCPU(b.cpus.host, start)
	}})
	if err != nil {
		return nil, err
	}
	if err := running.WaitReady(ctx); err != nil {
		running.Kill()
		return nil, err
	}
	return &process{p, running}, nil
}

// stop ends the program in order and returns its counts.
func (r *process) stop() (c counts, err error) {
	if err := r.Stop(r.signal); err != nil {
		return c, err
	}
	for _, field := range []struct {
		pattern *regexp.Regexp
		value   *int
	}{{r.got, &c.got}, {r.lost, &c.lost}} {
		match := field.pattern.FindStringSubmatch(r.Stderr.String())
		if match == nil {
			return c, fmt.Errorf("read counts of %s: nothing matches %v in: %s", r.name, field.pattern, strings.TrimSpace(r.Stderr.String()))
		}
		if *field.value, err = strconv.Atoi(match[1]); err != nil {
			return c, fmt.Errorf("read counts of %s: %w", r.name, err)
		}
	}
	return c, nil
}

// drain waits until the program has got and done all that came for it.
func (r *process) drain() error {
	time.Sleep(r.flushTime)
	return r.rest()
}

// rest waits until the program has nothing left to do.
func (r *process) rest() error {
	const pause, little = 20 * time.Millisecond, 200 * time.Microsecond
	before, err := r.CPUTime()
	for range int(5 * time.Second / pause) {
		if err != nil {
			return err
		}
		time.Sleep(pause)
		var now time.Duration
		now, err = r.CPUTime()
		if now-before < little {
			return err
		}
		before = now
	}
	return fmt.Errorf("%s does not come to rest", r.name)
}
