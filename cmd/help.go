package cmd

import (
	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/spelling"
)

// helpCommand prints the help of a command. Unlike cobra's own, it does not take any
// name for one.
func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "help [COMMAND]",
		Short:                 "print the help of a command",
		Args:                  maybeOperand("COMMAND"),
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     completeCommands,
		RunE: func(c *cobra.Command, args []string) error {
			about := c.Root()
			if len(args) > 0 {
				found, rest, err := c.Root().Find(args)
				if err != nil || len(rest) > 0 {
					return noCommand(c.Root(), args)
				}
				about = found
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// completeCommands offers the commands.
func completeCommands(c *cobra.Command, args []string, _ string) (found []cobra.Completion, _ cobra.ShellCompDirective) {
	for _, sub := range c.Root().Commands() {
		if len(args) == 0 && sub.IsAvailableCommand() {
			found = append(found, cobra.CompletionWithDesc(sub.Name(), sub.Short))
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

const completionHelp = `Completion prints a script that lets a shell complete commands, options,
plugins, files and interfaces. Packages install the scripts for bash, zsh and
fish. Shells that are started afterwards use them. With the package
bash-completion, bash offers only the files that fit.`

const completionExample = `  pmtud completion bash > /etc/bash_completion.d/pmtud
  pmtud completion zsh > /usr/local/share/zsh/site-functions/_pmtud
  pmtud completion fish > ~/.config/fish/completions/pmtud.fish
  pmtud completion powershell | Out-String | Invoke-Expression`

// completionCommand prints completion scripts.
func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "fish", "powershell", "zsh"}
	return &cobra.Command{
		Use:                   "completion bash|fish|powershell|zsh",
		Short:                 "print a completion script for a shell",
		Long:                  completionHelp,
		Example:               completionExample,
		ValidArgs:             shells,
		Args:                  cobra.MatchAll(someOperands("the name of a shell"), maybeOperand("shell")),
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			root, out := c.Root(), a.Stdout
			switch args[0] {
			case "bash":
				return writeBashCompletion(root, out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			case "zsh":
				return root.GenZshCompletion(out)
			}
			return spelling.UnknownName("shell", args[0], shells)
		},
	}
}
