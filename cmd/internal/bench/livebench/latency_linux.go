package livebench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/afpacket"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// answerTimeout is how long a broadcast is waited for.
const answerTimeout = 5 * time.Second

// measureLatency sends single PTBs and measures how long it takes until their
// broadcasts come.
func (b *bench) measureLatency(ctx context.Context) error {
	running, err := b.start(ctx, b.pmtud(unlimited...))
	if err != nil {
		return err
	}
	var times []time.Duration
	err = b.network.wire.Do(func() error {
		return onCPU(b.cpus.wire, func() error {
			times, err = b.ping(ctx)
			return err
		})
	})
	if err != nil {
		running.kill()
		return err
	}
	slices.Sort(times)
	fmt.Fprintf(b.out, "Latency of pmtud, from a PTB to its broadcast, quiet, of %d: p50 %v, p99 %v, longest %v\n\n",
		len(times), rounded(times[len(times)/2]), rounded(times[len(times)*99/100]), rounded(times[len(times)-1]))
	_, err = running.stop()
	return err
}

func rounded(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// ping sends PTBs one by one, at random times so that they don't keep step with any
// timer, and waits for the broadcast of each.
func (b *bench) ping(ctx context.Context) (times []time.Duration, err error) {
	host, err := b.network.host.Interface(iface)
	if err != nil {
		return nil, err
	}
	socket, link, err := afpacket.Open(iface)
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	if err := onlyBroadcasts(socket); err != nil {
		return nil, err
	}
	if err := socket.Receive(link); err != nil {
		return nil, err
	}
	frame := pipelinetest.PTB{DstMAC: [6]byte(host.HardwareAddr)}.Frame()
	for len(times) < b.Latency && ctx.Err() == nil {
		time.Sleep(2*time.Millisecond + rand.N(8*time.Millisecond))
		var took time.Duration
		if err := socket.Control(func(fd int) error { took, err = roundTrip(fd, frame); return err }); err != nil {
			return nil, err
		}
		times = append(times, took)
	}
	return times, ctx.Err()
}

func onlyBroadcasts(socket *afpacket.Socket) error {
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 0, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0xffffffff, SkipFalse: 1},
		bpf.RetConstant{Val: 1 << 16},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		return err
	}
	return socket.Conn.SetBPF(program)
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
