package nflogbench

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// pauseBetween is between single packets, so that each is one. A program that takes
// a second for each gets fewer of them.
const (
	pauseBetween = 20 * time.Millisecond
	longest      = 15 * time.Second
)

// latencies measures the time from sending a single PTB to the line that tells of
// it.
func (b *bench) latencies(ctx context.Context) error {
	fmt.Fprintf(b.out, "nflog, single packet until it is told: half of them, 99 %% of them within\n")
	for _, p := range []program{b.pmtud, b.tcpdump} {
		times, err := b.singles(ctx, p)
		if err != nil {
			return err
		}
		slices.Sort(times)
		fmt.Fprintf(b.out, "  %-8s %8.3f ms  %8.3f ms  of %d\n", p.name,
			milliseconds(times[len(times)/2]), milliseconds(times[len(times)*99/100]), len(times))
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (b *bench) singles(ctx context.Context, p program) (times []time.Duration, err error) {
	lines, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer lines.Close()
	p.args, p.stdout = p.tell, out
	running, err := b.net.start(ctx, p)
	out.Close()
	if err != nil {
		return nil, err
	}
	defer running.kill()
	err = b.net.router.Do(func() error {
		times, err = singles(lines, b.Singles)
		return err
	})
	return times, err
}

// singles sends up to n packets one by one and returns how long their lines took.
func singles(lines *os.File, n int) (times []time.Duration, err error) {
	sender, err := flood.Open("eth0", [][]byte{pipelinetest.PTB{}.Frame()})
	if err != nil {
		return nil, err
	}
	defer sender.Close()
	told := bufio.NewReader(lines)
	for end := time.Now().Add(longest); len(times) < n && time.Now().Before(end); {
		time.Sleep(pauseBetween)
		if err := lines.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			return nil, err
		}
		begin := time.Now()
		if err := sender.Send(0); err != nil {
			return nil, err
		}
		if _, err := told.ReadString('\n'); err != nil {
			return nil, fmt.Errorf("wait for a line: %w", err)
		}
		times = append(times, time.Since(begin))
	}
	return times, nil
}
