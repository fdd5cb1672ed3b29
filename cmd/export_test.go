package cmd

import "github.com/spf13/cobra"

// RootCommand returns the command line of the program with its own plugins, to
// write its manual.
func RootCommand() *cobra.Command { return RootCommandOf(Program{Plugins: Plugins()}) }

// RootCommandOf returns the command line of a program.
func RootCommandOf(p Program) *cobra.Command { return newApp(p, product, Streams{}).rootCommand() }
