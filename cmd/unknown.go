package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pmtud/pmtud/cmd/internal/spelling"
)

// unknownOption is an option that a command does not have.
type unknownOption struct {
	written string // with its dashes
	meant   string // probably; empty if nothing is near
}

func (u *unknownOption) Error() string {
	if u.meant == "" {
		return "unknown option " + u.written
	}
	return fmt.Sprintf("unknown option %s; did you mean %s?", u.written, u.meant)
}

// newUnknownOption looks for what was meant among the options that there are.
func newUnknownOption(flags *pflag.FlagSet, dashes, name string) *unknownOption {
	u := &unknownOption{written: dashes + name}
	if dashes == "-" {
		u.meant = otherCase(flags, name)
		return u
	}
	var names []string
	prefixed := ""
	flags.VisitAll(func(f *pflag.Flag) {
		names = append(names, f.Name)
		if strings.HasPrefix(f.Name, name) {
			prefixed = cmp.Or(prefixed, f.Name)
		}
	})
	near, _ := spelling.Nearest(name, names)
	if meant := cmp.Or(prefixed, near); meant != "" {
		u.meant = "--" + meant
	}
	return u
}

// otherCase returns the option whose letter is the same but for its case.
func otherCase(flags *pflag.FlagSet, letter string) (meant string) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Shorthand != "" && strings.EqualFold(f.Shorthand, letter) {
			meant = "-" + f.Shorthand
		}
	})
	return meant
}

// inCommands looks for an option that the original ones lack among those of the commands, of
// run first.
func inCommands(root *cobra.Command, err error) error {
	u, ok := errors.AsType[*unknownOption](err)
	if !ok || u.meant != "" {
		return err
	}
	run, _, _ := root.Find([]string{"run"}) // it is there
	for _, c := range append([]*cobra.Command{run}, root.Commands()...) {
		if f := c.Flags().Lookup(strings.TrimLeft(u.written, "-")); f != nil {
			return &unknownOption{u.written, c.CommandPath() + " --" + f.Name}
		}
	}
	return err
}
