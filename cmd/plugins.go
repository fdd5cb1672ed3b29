package cmd

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/cmd/internal/offline/catalog"
	"github.com/pmtud/pmtud/cmd/internal/spelling"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// pluginsOptions are what `pmtud plugins` prints, and how.
type pluginsOptions struct {
	format *choice
	schema bool
}

func (a *app) pluginsCommand() *cobra.Command {
	var o pluginsOptions
	c := &cobra.Command{
		Use:   "plugins [NAME]",
		Short: "list the plugins, or describe one with its settings and reasons",
		Long: `Plugins lists the sources, filters and sinks, or describes those called NAME:
settings, reasons for which they drop packets, and metrics.

With --format json it prints an object with the list "plugins"; each has kind,
type, summary, settings, reasons and metrics. A setting has name, type (text,
boolean, integer, number, duration, size, or scalar for text or a number), list,
required, default, min, max, enum, pattern, example and doc; what does not apply
is left out. Later versions may add fields, but change none.

With --schema it prints a JSON Schema (2020-12) of configuration files, which
editors use to complete and check them.`,
		Example: `  pmtud plugins iface-rate
  pmtud plugins --schema > pmtud.schema.json
  # yaml-language-server: $schema=pmtud.schema.json`,
		Args: maybeOperand("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.printPlugins(o, args)
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completePlugins(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	o.format = addFormatFlag(c, "text", "json")
	c.Flags().BoolVar(&o.schema, "schema", false, "print a JSON Schema of configuration files")
	return c
}

func (a *app) printPlugins(o pluginsOptions, names []string) error {
	if o.schema {
		return a.printSchema(o, names)
	}
	plugins := a.sortedPlugins()
	if len(names) > 0 {
		// A source and a sink may share a name.
		plugins = slices.DeleteFunc(plugins, func(p pipeline.Plugin) bool { return p.Type != names[0] })
		if len(plugins) == 0 {
			return spelling.UnknownName("plugin", names[0], a.pluginTypes())
		}
	}
	var infos []catalog.PluginInfo
	for _, p := range plugins {
		infos = append(infos, catalog.Describe(p))
	}
	switch {
	case o.format.value == "json":
		return writeJSON(a.Stdout, map[string][]catalog.PluginInfo{"plugins": infos})
	case len(names) > 0:
		return describePlugins(a.Stdout, infos)
	}
	return listPlugins(a.Stdout, infos)
}

func (a *app) printSchema(o pluginsOptions, names []string) error {
	if len(names) > 0 || o.format.value != "text" {
		return errors.New("--schema goes without a name and --format: it describes whole files, in JSON")
	}
	text, err := catalog.Schema(a.Plugins)
	if err != nil {
		return err
	}
	if _, err := a.Stdout.Write(text); err != nil {
		return fmt.Errorf("print schema: %w", err)
	}
	return nil
}

func (a *app) sortedPlugins() []pipeline.Plugin {
	return slices.SortedFunc(slices.Values(a.Plugins), func(x, y pipeline.Plugin) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Type, y.Type))
	})
}

func (a *app) pluginTypes() []string {
	var types []string
	for _, p := range a.Plugins {
		types = append(types, p.Type)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

func writeJSON(out io.Writer, value any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	return nil
}

func listPlugins(out io.Writer, infos []catalog.PluginInfo) error {
	rows := [][]string{{"KIND", "TYPE", "SUMMARY"}}
	for _, p := range infos {
		rows = append(rows, []string{p.Kind, p.Type, p.Summary})
	}
	return printLines(out, columns.Table(rows))
}

func describePlugins(out io.Writer, infos []catalog.PluginInfo) error {
	var lines []string
	for i, p := range infos {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, setting.Wrap(p.Kind+" "+p.Type+": "+p.Summary, columns.Width)...)
		for _, part := range [][]string{settingLines(p.Settings), reasonLines(p.Reasons), metricLines(p.Metrics)} {
			if len(part) > 1 {
				lines = append(append(lines, ""), part...)
			}
		}
	}
	return printLines(out, lines)
}

// settingLines returns a heading, a line for each setting, and below that what it means.
func settingLines(settings []setting.Info) []string {
	rows := [][]string{{"SETTING", "TYPE", "DEFAULT"}}
	for _, s := range settings {
		value := setting.Line(s.Default)
		if s.Required {
			value = "(required)"
		}
		rows = append(rows, []string{s.Name, s.Kind(), value})
	}
	heads := columns.Align(rows)
	lines := heads[:1:1]
	for i, s := range settings {
		lines = append(append(lines, strings.TrimRight(heads[i+1], " ")), columns.Hang("    ", s.Doc)...)
		if allowed := s.Allowed(); allowed != "" {
			lines = append(lines, columns.Hang("    ", "allowed: "+allowed)...)
		}
		if example := setting.Line(s.Example); example != "" {
			lines = append(lines, columns.Hang("    ", "example: "+example)...)
		}
	}
	return lines
}

func reasonLines(reasons []catalog.ReasonInfo) []string {
	rows := [][]string{{"REASON", "MEANING"}}
	for _, r := range reasons {
		rows = append(rows, []string{r.Name, r.Doc})
	}
	return columns.Table(rows)
}

func metricLines(metrics []catalog.MetricInfo) []string {
	rows := [][]string{{"METRIC", "KIND", "BY", "MEANING"}}
	for _, m := range metrics {
		rows = append(rows, []string{m.Name, m.Kind, m.Label, m.Doc})
	}
	return columns.Table(rows)
}

func printLines(out io.Writer, lines []string) error {
	if _, err := io.WriteString(out, strings.Join(lines, "\n")+"\n"); err != nil {
		return fmt.Errorf("print plugins: %w", err)
	}
	return nil
}
