package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Replay writes a capture to a temporary folder, replays it with both programs in turn,
// and prints wall times and ratios to out.
func Replay(ctx context.Context, c Config, out io.Writer) error {
	dir, err := os.MkdirTemp("", "pmtud-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"in.pcap", "in.pcapng"} {
		in := filepath.Join(dir, name)
		if err := writeCapture(in, c.Packets); err != nil {
			return err
		}
		written, dumped := filepath.Join(dir, "out"+filepath.Ext(name)), filepath.Join(dir, "tcpdump.pcap")
		pmtud := []string{c.Pmtud, "replay", "--write", written, in}
		tcpdump := []string{"tcpdump", "-r", in, "-w", dumped, filter}
		fmt.Fprintf(out, "replay of %d packets, %s: wall time, peak memory\n", c.Packets, name)
		err := rounds(out, c.Rounds, "pmtud\tmemory\ttcpdump", func() (string, float64, error) {
			ours, memory, err := replay(ctx, pmtud, written)
			if err != nil {
				return "", 0, err
			}
			theirs, _, err := replay(ctx, tcpdump, dumped)
			row := fmt.Sprintf("%.3f s\t%.1f MiB\t%.3f s", ours.Seconds(), float64(memory)/(1<<20), theirs.Seconds())
			return row, theirs.Seconds() / ours.Seconds(), err
		})
		if err != nil {
			return err
		}
		if err := os.Remove(in); err != nil {
			return err
		}
	}
	return nil
}

// replay runs a program and returns its wall time and peak memory in bytes. It removes the file that
// the program has written, so that the kernel does not write it to the disk while the next one runs.
func replay(ctx context.Context, args []string, written string) (wall time.Duration, memory int64, err error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	begin := time.Now()
	output, err := cmd.CombinedOutput()
	wall = time.Since(begin)
	if err != nil {
		return 0, 0, fmt.Errorf("run %s: %w\n%s", args[0], err, output)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	memory = usage.Maxrss << 10 // getrusage(2): in KiB
	return wall, memory, os.Remove(written)
}
