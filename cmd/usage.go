package cmd

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noOperands refuses operands. Those that take files by -c say so: a file without it is
// what is most often written instead.
func noOperands(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case c.Flags().Lookup("config") != nil:
		return fmt.Errorf("unexpected %q; to name a file, use -c: %s -c %[1]s", args[0], c.CommandPath())
	}
	return fmt.Errorf("unexpected %q; %s takes only options", args[0], c.CommandPath())
}

// someOperands wants one operand at least.
func someOperands(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("%s is missing", what)
		}
		return nil
	}
}

// maybeOperand wants one operand at most.
func maybeOperand(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return fmt.Errorf("unexpected %q; there can be only one %s", args[1], what)
		}
		return nil
	}
}

// optionMistake says what is wrong with an option of a command in the words that are
// used of the original ones.
func optionMistake(c *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		dashes := "--"
		if unknown.GetSpecifiedShortnames() != "" {
			dashes = "-"
		}
		return newUnknownOption(c.Flags(), dashes, unknown.GetSpecifiedName())
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return fmt.Errorf("option --%s needs a value", missing.GetFlag().Name)
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return fmt.Errorf("option --%s: %q: %w", invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap())
	}
	return err
}
