package cmd

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pmtud/pmtud/pipeline"
)

// product is what the program is called that has no plugins but its own.
const product = "pmtud"

// Program is what a main function says of itself: pmtud's own or a third party's.
type Program struct {
	// Name is the program's name in help, logs and its announcements to servers. Empty: that of the
	// file it was started from.
	Name string

	// Version is the program's own. Empty: that of the module, or of the commit, that it
	// was built from.
	Version string

	// Plugins are what pipelines may be made of. See [Plugins].
	Plugins []pipeline.Plugin
}

// rename gives all texts of the command line the program's name. They are written with that
// of pmtud.
func (a *app) rename(c *cobra.Command) {
	if a.Name == product {
		return
	}
	for _, text := range []*string{&c.Short, &c.Long, &c.Example} {
		*text = strings.ReplaceAll(*text, product, a.Name)
	}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, product, a.Name) })
	for _, sub := range c.Commands() {
		a.rename(sub)
	}
}
