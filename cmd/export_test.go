package cmd

import "github.com/spf13/cobra"

// RootCommand returns the command line of the program with its own plugins, to
// write its manual.
func RootCommand() *cobra.Command {
	a := &app{name: "pmtud", plugins: Plugins()}
	return a.rootCommand()
}
