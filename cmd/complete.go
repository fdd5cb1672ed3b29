package cmd

import (
	"fmt"
	"net"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pmtud/pmtud/cmd/internal/config"
)

// completeFlag has shells offer what f finds as values of an option of c.
func completeFlag(c *cobra.Command, name string, f cobra.CompletionFunc) {
	// The command has the option, so this can't fail.
	_ = c.RegisterFlagCompletionFunc(name, f)
}

// withoutMarkup takes the quotes that mark the names of values out of the texts of options.
// Shells show these texts as they are.
func withoutMarkup(c *cobra.Command) {
	c.LocalFlags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
	for _, sub := range c.Commands() {
		withoutMarkup(sub)
	}
}

// fixed offers names.
func fixed(names ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp)
}

// Endings of the files that commands read.
var (
	configEndings  = []cobra.Completion{"yaml", "yml", "toml", "json"}
	captureEndings = []cobra.Completion{"pcap", "pcapng", "gz", "zst"}
)

// completeFiles offers files with one of the endings, and folders.
func completeFiles(endings ...cobra.Completion) cobra.CompletionFunc {
	return cobra.FixedCompletions(endings, cobra.ShellCompDirectiveFilterFileExt)
}

// completeCaptures offers captures.
func completeCaptures(c *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return completeFiles(captureEndings...)(c, args, word)
}

// completePlugins returns the types of plugins, with what they do.
func (a *app) completePlugins() (found []cobra.Completion) {
	for _, typ := range a.pluginTypes() {
		summary := ""
		for _, p := range a.sortedPlugins() {
			if p.Type == typ {
				summary += fmt.Sprintf("; %v: %s", p.Kind, p.Summary)
			}
		}
		found = append(found, cobra.CompletionWithDesc(typ, summary[len("; "):]))
	}
	return found
}

// completeInterfaces returns the interfaces of this host.
func completeInterfaces(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var found []cobra.Completion
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, i := range interfaces {
		found = append(found, cobra.CompletionWithDesc(i.Name, fmt.Sprintf("MTU %d, %v", i.MTU, i.Flags)))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// completePipelines returns the pipelines that the files given so far declare.
func (a *app) completePipelines(paths *[]string) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var found []cobra.Completion
		if len(*paths) > 0 {
			// What can be read of them, mistakes or not.
			f, _ := config.Load(c.Context(), *paths, a.Plugins)
			for _, p := range f.Pipelines {
				found = append(found, p.Name)
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}
