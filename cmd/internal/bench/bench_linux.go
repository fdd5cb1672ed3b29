package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
)

// Config says what to measure.
type Config struct {
	Pmtud    string        // path of the program
	Base     string        // path of another build that is flooded in turn with it, or empty
	Original string        // path of the daemon that pmtud succeeds, which Live floods too, or empty
	Rounds   int           // of each comparison
	Flood    time.Duration // length of each flood
	Rate     int           // of a flood of Live, packets per second; 0 is as many as possible
	Latency  int           // number of single packets
	Idle     time.Duration // how long the programs are watched at rest
	Memory   time.Duration // length of the flood from a million forged routers
	Packets  int           // of the capture to replay

	// Compared, if not nil, is called with the median CPU times for a packet of a flood,
	// tcpdump's first.
	Compared func(tap string, times []CPUTime)
}

// CPUTime is that of a program for one packet.
type CPUTime struct {
	Program string
	Time    time.Duration
}

// bench is what all parts of a measurement share.
type bench struct {
	Config
	tap
	out   io.Writer
	dir   string // for files
	cpus  cpus
	cable *rig.Cable
}

// tap is a way in which packets reach a program on the host.
type tap struct {
	name           string
	pmtud, tcpdump program
	modes          []mode
	original       *program // nil: it is not compared
	rate           int      // of floods, packets per second
	frames         [][]byte
	forge          func(frame []byte) // changes a frame before it is sent; nil: nothing does

	// logged returns how many packets the kernel has handed to the tap. It is nil if
	// the programs themselves say what they lost.
	logged func() (int, error)
}

// measure makes a host with a tap and measures there.
func measure(ctx context.Context, c Config, out io.Writer, newTap func(*bench) (tap, error), parts ...func(*bench, context.Context) error) (err error) {
	b := &bench{Config: c, out: out}
	if b.cpus, err = chooseCPUs(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "pmtud-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.cable, err = rig.NewCable(); err != nil {
		return err
	}
	defer b.cable.Close()
	if b.tap, err = newTap(b); err != nil {
		return err
	}
	if b.cpus.wire == b.cpus.host {
		fmt.Fprintln(out, "There is one CPU only: flood and programs share it, so that losses mean nothing.")
	}
	for _, part := range parts {
		if err := part(b, ctx); err != nil {
			return err
		}
	}
	return nil
}
