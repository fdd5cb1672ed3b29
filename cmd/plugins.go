package cmd

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/pipeline"
)

func (a *app) pluginsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "plugins [NAME]",
		Short: "list the plugins, or describe one with its settings and reasons",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listPlugins()
			}
			return a.describePlugins(args[0])
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return a.pluginTypes(), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func (a *app) sortedPlugins() []pipeline.Plugin {
	return slices.SortedFunc(slices.Values(a.plugins), func(x, y pipeline.Plugin) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Type, y.Type))
	})
}

func (a *app) pluginTypes() []string {
	var types []string
	for _, p := range a.plugins {
		types = append(types, p.Type)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

func (a *app) listPlugins() error {
	w := tabwriter.NewWriter(a.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KIND\tTYPE\tSUMMARY")
	for _, p := range a.sortedPlugins() {
		fmt.Fprintf(w, "%v\t%s\t%s\n", p.Kind, p.Type, p.Summary)
	}
	return w.Flush()
}

// describePlugins describes all plugins of a type: a source and a sink may share
// it.
func (a *app) describePlugins(typ string) error {
	found := false
	for _, p := range a.sortedPlugins() {
		if p.Type != typ {
			continue
		}
		if found {
			fmt.Fprintln(a.Stdout)
		}
		found = true
		if err := describePlugin(a.Stdout, p); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("unknown plugin %q; there are %s", typ, strings.Join(a.pluginTypes(), ", "))
	}
	return nil
}

func describePlugin(out io.Writer, p pipeline.Plugin) error {
	fmt.Fprintf(out, "%v %s: %s\n", p.Kind, p.Type, p.Summary)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	settings := config.Describe(p)
	if len(settings) > 0 {
		fmt.Fprintln(w, "\nSETTING\tTYPE\tDEFAULT\tMEANING")
	}
	for _, s := range settings {
		value := s.Default
		if s.Required {
			value = "(required)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Name, s.Kind, value, s.Doc)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(p.Reasons) > 0 {
		fmt.Fprintln(w, "\nREASON\tMEANING")
	}
	for _, r := range p.Reasons {
		fmt.Fprintf(w, "%s\t%s\n", r.Name, r.Doc)
	}
	return w.Flush()
}
