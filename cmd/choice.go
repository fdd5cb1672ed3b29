package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// choice is the value of an option that has one of a few names, the first by
// default. It is a [github.com/spf13/pflag.Value].
type choice struct {
	value string
	names []string
}

// addFormatFlag adds --format for the output's format, and returns its value.
func addFormatFlag(c *cobra.Command, formats ...string) *choice {
	f := &choice{formats[0], formats}
	c.Flags().Var(f, "format", "`FORMAT` of the output: "+f.list())
	completeFlag(c, "format", fixed(formats...))
	return f
}

func (f *choice) list() string {
	last := len(f.names) - 1
	return strings.Join(f.names[:last], ", ") + " or " + f.names[last]
}

// String returns the name that was chosen.
func (f *choice) String() string { return f.value }

// Set chooses a name.
func (f *choice) Set(name string) error {
	if !slices.Contains(f.names, name) {
		return fmt.Errorf("must be %s", f.list())
	}
	f.value = name
	return nil
}

// Type is what cobra calls the value.
func (f *choice) Type() string { return "string" }
