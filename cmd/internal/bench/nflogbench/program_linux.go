package nflogbench

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/bench/setgroups"
)

// program is one that reads the group.
type program struct {
	name     string
	args     []string
	received *regexp.Regexp // number of packets, in what it says at its end
	prepare  func() error   // the thread that starts it

	tell   []string  // arguments with which it writes a line per packet
	stdout io.Writer // nil is nowhere
}

// configuration is what `pmtud --nflog 33 --ports 80,443 --dry-run --verbose` does,
// at given rates.
const configuration = `pipelines:
  bench:
    sources: [{type: nflog, group: 33}]
    filters:
      - {type: icmp-ptb}
      - {type: length}
      - {type: mtu}
      - {type: port-list, ports: [80, 443]}
      - {type: src-rate, rate: %[1]d}
      - {type: iface-rate, rate: %[1]d0}
    sinks: [{type: log, verbosity: 1}]
`

func pmtud(path, dir string) (program, error) {
	flood, single := filepath.Join(dir, "flood.yaml"), filepath.Join(dir, "single.yaml")
	for file, content := range map[string]string{
		flood:  fmt.Sprintf(configuration, 1),
		single: fmt.Sprintf(configuration, 1000),
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			return program{}, err
		}
	}
	return program{
		name:     "pmtud",
		args:     []string{path, "run", "-c", flood},
		received: regexp.MustCompile(`pipeline stopped".* received=(\d+)`),
		prepare:  func() error { return nil },
		tell:     []string{path, "run", "-c", single},
	}, nil
}

// dump is tcpdump. It stays root: the namespace has no other user.
func dump(path string) program {
	const source = "nflog:33"
	return program{
		name:     "tcpdump",
		args:     []string{path, "-Z", "root", "-i", source, "-w", "-"},
		received: regexp.MustCompile(`(\d+) packets? captured`),
		prepare:  setgroups.Pretend,
		tell:     []string{path, "-Z", "root", "-i", source, "-l", "-n"},
	}
}

// running is a started program.
type running struct {
	program
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  bool
}

// cpu returns how long the program's threads have run (proc(5), schedstat).
func (r *running) cpu() (total time.Duration) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", r.cmd.Process.Pid))
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			continue // the thread has ended
		}
		ns, _, _ := strings.Cut(string(content), " ")
		n, _ := strconv.ParseInt(ns, 10, 64)
		total += time.Duration(n)
	}
	return total
}

// stop ends the program and returns how many packets it received.
func (r *running) stop() (received uint64, err error) {
	r.ended = true
	_ = r.cmd.Process.Signal(unix.SIGINT)
	if err := r.cmd.Wait(); err != nil {
		return 0, fmt.Errorf("run %s: %w: %s", r.name, err, r.stderr.String())
	}
	match := r.received.FindStringSubmatch(r.stderr.String())
	if match == nil {
		return 0, fmt.Errorf("run %s: it does not tell how many packets it received: %s", r.name, r.stderr.String())
	}
	return strconv.ParseUint(match[1], 10, 64)
}

// kill ends the program if it still runs.
func (r *running) kill() {
	if r.ended {
		return
	}
	r.ended = true
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}
