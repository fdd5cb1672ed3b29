package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pmtud/pmtud/cmd/internal/columns"
)

const rootHelp = `pmtud passes ICMP messages of path MTU discovery (IPv4 "fragmentation needed",
IPv6 "packet too big") on to all servers behind an ECMP router, so that they
reach the server whose connection they are about.

With options alone it listens and sends on one interface, as the C daemon does.
For anything else, declare pipelines in files and use "pmtud run". "pmtud init"
writes the recommended configuration, and --print-config the pipeline that the
options describe.`

const rootExample = `  pmtud init --host --iface eth0 -o edge.yaml
  pmtud check --host -c edge.yaml
  pmtud run -c edge.yaml
  pmtud --iface eth0 --ports 80,443`

// rootCommand returns the original command line, with the other commands below it.
func (a *app) rootCommand() *cobra.Command {
	var o options
	root := &cobra.Command{
		Use:           a.Name + " --iface INTERFACE [options]",
		Short:         "distribute path MTU discovery messages to all servers behind an ECMP router",
		Long:          rootHelp,
		Example:       rootExample,
		Args:          noCommand,
		SilenceErrors: true,
		SilenceUsage:  true,
		// The usage line names the options already.
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.runOptions(c.Context(), o)
		},
	}
	root.PersistentPreRun = func(c *cobra.Command, _ []string) {
		if c != root && c.Name() != "run" {
			a.Signals.Release()
		}
	}
	o.register(root.Flags(), a.Socket)
	completeFlag(root, "iface", completeInterfaces)
	completeFlag(root, "print-config", fixed("yaml", "toml", "json"))
	root.InitDefaultHelpFlag()
	root.Flags().SortFlags = false
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(
		a.runCommand(), a.statusCommand(), a.topCommand(), a.tapCommand(),
		a.replayCommand(), a.traceCommand(), a.testCommand(), a.checkCommand(),
		a.probeCommand(), a.cacheCommand(), a.doctorCommand(),
		a.pluginsCommand(), a.configCommand(), a.graphCommand(), a.initCommand(),
		a.completionCommand(), a.versionCommand(),
	)
	root.SetHelpCommand(a.helpCommand())
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", fmt.Sprintf(".FlagUsagesWrapped %d ", columns.Width)))
	root.SetFlagErrorFunc(optionMistake)
	a.rename(root)
	return root
}

// noCommand refuses operands: none of them was a command.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := valueHint(c.Flags(), args[0])
	if near := c.SuggestionsFor(args[0]); hint == "" && len(near) > 0 {
		hint = fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
	}
	return fmt.Errorf("unknown command %q%s", args[0], hint)
}

// valueHint is for an operand that was meant as the value of an option which can do without.
func valueHint(flags *pflag.FlagSet, operand string) (hint string) {
	flags.Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.NoOptDefVal != "" {
			hint = fmt.Sprintf("; a value of --%s comes behind a =: --%s=%s", f.Name, f.Name, operand)
		}
	})
	return hint
}
