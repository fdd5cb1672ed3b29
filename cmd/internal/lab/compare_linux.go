package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// Setup is a way to run pmtud on the servers.
type Setup struct {
	// Name says it in a word or two.
	Name string
	// Arguments is as in [Config].
	Arguments func(*Network, *Server) []string
	// Wide is whether the link to the clients has the MTU of the others, so that
	// there is nothing to heal: what remains is the time that the lab itself takes.
	Wide bool
}

// Setups returns what is worth comparing: a path without obstacle, no pmtud, its
// original defaults, and no limits at all; and then configuration files, which must
// use [Interface].
func Setups(files ...string) []Setup {
	setups := []Setup{
		{Name: "no obstacle", Wide: true},
		{Name: "nothing"},
		{Name: "defaults", Arguments: OnLAN()},
		{Name: "no limits", Arguments: OnLAN("--src-rate", "1e9", "--iface-rate", "1e9")},
	}
	for _, file := range files {
		setups = append(setups, Setup{Name: filepath.Base(file), Arguments: func(*Network, *Server) []string {
			return []string{"run", "-c", file}
		}})
	}
	return setups
}

// wide is the MTU of all links but one.
const wide = 1500

// legend explains the columns of the table.
const legend = `first, all: time to the first and to the last octet. sent: broadcasts in all; in any
second of all daemons, of one; about a client on average, at most. lost: messages that
came too fast for the daemons.
`

// CompareRecovery makes the experiment with each of the setups in turn and writes a
// table of the results. config.Arguments is ignored. It returns an error if a figure
// can't be relied on.
func CompareRecovery(ctx context.Context, config RecoveryConfig, setups []Setup, out io.Writer) error {
	config, err := config.withDefaults()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d clients behind one router start a download of %d kB each over %v, %v to complete%s\n%s",
		config.Clients, config.Bytes/1000, config.Family, config.Limit, attackText(config.Flood), legend)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tcompleted\tfirst p50\tp99\tall p50\tp99\tmax\tsent\tin 1 s\tby one\ta client\tmost\tlost\tforged/s\t")
	var errs []error
	for _, s := range setups {
		r, err := s.run(ctx, config)
		if err != nil {
			return fmt.Errorf("measure recovery with %s: %w", s.Name, err)
		}
		r.tell(w, s.Name)
		errs = append(errs, r.Check())
	}
	errs = append(errs, w.Flush())
	return errors.Join(errs...)
}

func (s Setup) run(ctx context.Context, config RecoveryConfig) (Recovery, error) {
	config.Arguments = s.Arguments
	if s.Wide {
		config.MTU = wide
	}
	return RunRecovery(ctx, config)
}

func attackText(rate int) string {
	if rate == 0 {
		return ""
	}
	return fmt.Sprintf(", under an attack of %d forged messages per second", rate)
}

// tell writes a line of the table.
func (r Recovery) tell(w io.Writer, name string) {
	average, most := r.Copies.CopiesPerClient()
	fmt.Fprintf(w, "%s\t%d of %d\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%.1f\t%d\t%d\t%.0f\t\n",
		name, r.Completed(), len(r.Downloads),
		seconds(r.RecoveredWithin(0.5)), seconds(r.RecoveredWithin(0.99)),
		seconds(r.Within(0.5)), seconds(r.Within(0.99)), seconds(r.Within(1)),
		r.Copies.Broadcasts, r.Copies.InOneSecondOfAll, r.Copies.InOneSecond, average, most, r.Lost(), r.Forged)
}

func seconds(d time.Duration) string {
	if d == Never {
		return "never"
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
