package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/config"
)

const initHelp = `Init writes a configuration to begin with, in which each setting of each stage stands
with its meaning, those at their defaults as comments. It is made of a short
description of the chain:

  pmtud init 'pcap(interface=eth0) | icmp-ptb | length | mtu |
    port-list(ports=80,443) | src-rate(rate=1) | iface-rate |
    broadcast(interface=eth0) + log' --output edge.yaml

Stages are separated by "|": first sources, last sinks, in between filters. Several
sources or sinks have "+" between them. Settings stand in brackets, lists with commas;
values with other signs in quotes.`

func (a *app) initCommand() *cobra.Command {
	var format *choice
	var output, name string
	c := &cobra.Command{
		Use:                   "init CHAIN [--output FILE] [--format FORMAT] [--pipeline NAME]",
		Short:                 "write a commented configuration from a short description of the chain",
		Long:                  initHelp,
		DisableFlagsInUseLine: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("init wants one description, in quotes: 'pcap(interface=eth0) | icmp-ptb | broadcast(interface=eth0)'")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if err := formatOfOutput(format, c.Flags().Changed("format"), output); err != nil {
				return err
			}
			f, err := config.ParseChain(args[0], name, a.plugins)
			if err != nil {
				return err
			}
			f.Annotate()
			text, err := config.Marshal(f, format.value)
			if err != nil {
				return err
			}
			return a.writeNew(output, text)
		},
	}
	format = addFormatFlag(c, "yaml", "toml")
	c.Flags().StringVarP(&output, "output", "o", "", "`FILE` to write instead of standard output; it must not be there")
	c.Flags().StringVar(&name, "pipeline", "edge", "`NAME` of the pipeline")
	completeFlag(c, "output", completeFiles(configEndings...))
	completeFlag(c, "pipeline", cobra.NoFileCompletions)
	return c
}

// formatOfOutput takes the format from the file's name, where it was not given.
func formatOfOutput(format *choice, given bool, output string) error {
	if output == "" {
		return nil
	}
	var ending string
	switch filepath.Ext(output) {
	case ".yaml", ".yml":
		ending = "yaml"
	case ".toml":
		ending = "toml"
	default:
		return fmt.Errorf("--output: %s must end with .yaml, .yml or .toml", output)
	}
	if given && format.value != ending {
		return fmt.Errorf("--output: %s is not the name of a file in %s", output, format.value)
	}
	format.value = ending
	return nil
}

// writeNew writes a file that is not there yet, or standard output without a name.
func (a *app) writeNew(name string, text []byte) (err error) {
	if name == "" {
		if _, err := a.Stdout.Write(text); err != nil {
			return fmt.Errorf("print configuration: %w", err)
		}
		return nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("--output: %s is there already; it is left as it is", name)
	}
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	return nil
}
