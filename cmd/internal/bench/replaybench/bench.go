package replaybench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// filter is the original daemon's, as libpcap compiles it.
const filter = "((icmp and icmp[0] == 3 and icmp[1] == 4) or (icmp6 and ip6[40+0] == 2 and ip6[40+1] == 0)) and (ether dst not ff:ff:ff:ff:ff:ff)"

// Config says what to measure.
type Config struct {
	Pmtud   string // path of the binary
	Packets int    // of the capture; 2,000,000 if 0
	Rounds  int    // 5 if 0
}

// Run writes a capture to a temporary folder, replays it with both programs in
// turn, and prints wall times and ratios to out.
func Run(ctx context.Context, c Config, out io.Writer) error {
	if c.Packets == 0 {
		c.Packets = 2_000_000
	}
	if c.Rounds == 0 {
		c.Rounds = 5
	}
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		return fmt.Errorf("measure replay beside tcpdump: %w", err)
	}
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
		sent := filepath.Join(dir, "out"+filepath.Ext(name))
		pmtud := []string{c.Pmtud, "replay", "--write", sent, in}
		dump := []string{tcpdump, "-r", in, "-w", filepath.Join(dir, "tcpdump.pcap"), filter}
		if err := compare(ctx, out, c, name, pmtud, dump); err != nil {
			return err
		}
		if err := os.Remove(in); err != nil {
			return err
		}
	}
	return nil
}

// compare runs both in turn, after one round that does not count.
func compare(ctx context.Context, out io.Writer, c Config, name string, pmtud, tcpdump []string) error {
	fmt.Fprintf(out, "replay of %d packets, %s: wall time, peak memory\n", c.Packets, name)
	var ratios []float64
	for round := range c.Rounds + 1 {
		ours, memory, err := measure(ctx, pmtud)
		if err != nil {
			return err
		}
		theirs, _, err := measure(ctx, tcpdump)
		if err != nil {
			return err
		}
		if round == 0 {
			continue
		}
		ratio := theirs.Seconds() / ours.Seconds()
		ratios = append(ratios, ratio)
		fmt.Fprintf(out, "  pmtud %6.3f s, %5.1f MiB   tcpdump %6.3f s   %.2f times as fast\n",
			ours.Seconds(), float64(memory)/(1<<20), theirs.Seconds(), ratio)
	}
	slices.Sort(ratios)
	fmt.Fprintf(out, "  median: %.2f times as fast as tcpdump\n", ratios[len(ratios)/2])
	return nil
}

// measure runs a program and returns its wall time and peak memory in octets.
func measure(ctx context.Context, args []string) (wall time.Duration, memory int64, err error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	begin := time.Now()
	output, err := cmd.CombinedOutput()
	wall = time.Since(begin)
	if err != nil {
		return 0, 0, fmt.Errorf("run %s: %w\n%s", args[0], err, output)
	}
	return wall, peakMemory(cmd.ProcessState), nil
}
