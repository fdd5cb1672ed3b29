package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
	"github.com/pmtud/pmtud/pipeline/afpacket"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// Bounds of a latency measurement: how long an answer is waited for, and how long all
// of it takes. A program that takes a second for each packet gets fewer of them.
const (
	answerTimeout = 10 * time.Second
	longest       = 15 * time.Second
)

// unlimited are options of pmtud that let every message pass.
var unlimited = []string{"--src-rate", "1e9", "--iface-rate", "1e9"}

// pings calls ping at random times, so that they don't keep step with any timer, and far
// enough apart for each packet to be alone. It prints how long the answers took.
func (b *bench) pings(ctx context.Context, what string, ping func() (time.Duration, error)) error {
	var times []time.Duration
	for end := time.Now().Add(longest); len(times) < b.Latency && time.Now().Before(end) && ctx.Err() == nil; {
		time.Sleep(20*time.Millisecond + rand.N(8*time.Millisecond))
		took, err := ping()
		if err != nil {
			return err
		}
		times = append(times, took)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	slices.Sort(times)
	_, err := fmt.Fprintf(b.out, "%s: latency of %s, of %d: p50 %v, p99 %v, longest %v\n\n", b.name, what, len(times),
		rounded(times[len(times)/2]), rounded(times[len(times)*99/100]), rounded(times[len(times)-1]))
	return err
}

func rounded(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// broadcastLatency measures how long it takes from a PTB to its broadcast.
func (b *bench) broadcastLatency(ctx context.Context) error {
	running, err := b.start(ctx, pmtud(b.Pmtud, unlimited...))
	if err != nil {
		return err
	}
	defer running.Kill()
	err = b.cable.Wire.Do(func() error {
		return onCPU(b.cpus.wire, func() error { return b.pingBroadcasts(ctx) })
	})
	if err != nil {
		return err
	}
	_, err = running.stop()
	return err
}

// pingBroadcasts is on the wire, where nothing but broadcasts arrives.
func (b *bench) pingBroadcasts(ctx context.Context) error {
	socket, link, err := afpacket.Open(rig.Interface)
	if err != nil {
		return err
	}
	defer socket.Close()
	if err := socket.Receive(link); err != nil {
		return err
	}
	frame := pipelinetest.PTB{}.Frame()
	return b.pings(ctx, "pmtud, from a PTB to its broadcast", func() (took time.Duration, err error) {
		err = socket.Control(func(fd int) error { took, err = roundTrip(fd, frame); return err })
		return took, err
	})
}

// roundTrip sends a frame and tries to receive until an answer comes, without ever
// sleeping.
func roundTrip(fd int, frame []byte) (time.Duration, error) {
	answer := make([]byte, 2048)
	begin := time.Now()
	if _, err := unix.Write(fd, frame); err != nil {
		return 0, fmt.Errorf("send PTB: %w", err)
	}
	for {
		_, err := unix.Read(fd, answer)
		took := time.Since(begin)
		switch {
		case err == nil:
			return took, nil
		case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR):
			return 0, fmt.Errorf("receive broadcast: %w", err)
		case took > answerTimeout:
			return 0, fmt.Errorf("no broadcast comes in %v", answerTimeout)
		}
	}
}

// lineLatency measures how long it takes from a PTB to the line that is printed about it.
func (b *bench) lineLatency(ctx context.Context) error {
	for _, p := range []program{b.pmtud.with("--verbose").with(unlimited...), tcpdump(nflogSource, "-l", "-n")} {
		if err := b.pingLines(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) pingLines(ctx context.Context, p program) error {
	lines, out, err := os.Pipe()
	if err != nil {
		return err
	}
	defer lines.Close()
	p.stdout = out
	running, err := b.start(ctx, p)
	out.Close()
	if err != nil {
		return err
	}
	defer running.Kill()
	printed := bufio.NewReader(lines)
	return b.onWire([][]byte{pipelinetest.PTB{}.Frame()}, func(sender *flood.Sender) error {
		return b.pings(ctx, p.name+", from a PTB to its line", func() (time.Duration, error) {
			begin := time.Now()
			if err := errors.Join(lines.SetReadDeadline(begin.Add(answerTimeout)), sender.Send(0)); err != nil {
				return 0, err
			}
			if _, err := printed.ReadString('\n'); err != nil {
				return 0, fmt.Errorf("wait for a line of %s: %w", p.name, err)
			}
			return time.Since(begin), nil
		})
	})
}
