package livebench

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
)

// Config says what to measure. Zero fields get the value in brackets.
type Config struct {
	Pmtud   string        // path of the program
	Rounds  int           // of the comparison under a flood [5]
	Flood   time.Duration // length of each flood [2 s]
	Rate    int           // of the comparison, packets per second [as many as possible]
	Latency int           // number of single packets [200]
	Idle    time.Duration // how long both programs are watched at rest [3 s]
	Memory  time.Duration // length of the flood from a million forged routers [3 s]
}

func (c Config) withDefaults() Config {
	setDefault(&c.Rounds, 5)
	setDefault(&c.Flood, 2*time.Second)
	setDefault(&c.Rate, flood.Unlimited)
	setDefault(&c.Latency, 200)
	setDefault(&c.Idle, 3*time.Second)
	setDefault(&c.Memory, 3*time.Second)
	return c
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// Run measures and prints tables to out. It makes network namespaces: call it in
// [netns.Run].
func Run(ctx context.Context, c Config, out io.Writer) (err error) {
	b := &bench{Config: c.withDefaults(), out: out}
	if b.cpus, err = chooseCPUs(); err != nil {
		return err
	}
	if b.network, err = newNetwork(); err != nil {
		return err
	}
	defer b.network.close()
	if b.cpus.wire == b.cpus.host {
		fmt.Fprintln(out, "There is one CPU only: flood and programs share it, so that losses mean nothing.")
	}
	for _, part := range []func(context.Context) error{
		b.compare, b.findRates, b.measureLatency, b.watchIdle, b.watchMemory,
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// bench is what all parts of a run share.
type bench struct {
	Config
	out     io.Writer
	cpus    cpus
	network *network
}
