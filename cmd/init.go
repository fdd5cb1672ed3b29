package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
	"github.com/pmtud/pmtud/cmd/internal/offline/chain"
	"github.com/pmtud/pmtud/configs"
	"github.com/pmtud/pmtud/pipeline/setting"
)

const initHelp = `Init writes a configuration to start from. It examines this host (default route,
addresses on lo, MTUs, destination NAT, container data planes), writes the
configuration that fits, and explains its choices in comments. That is the
recommended one, which helps many clients at once and limits what is sent, or,
where destinations are translated, one that relays. --iface names the interface
on the servers' common LAN. --host=false prints the recommended configuration
unchanged. Firewall rules require root; comments list what was not examined.

Given a short description of a chain, it writes that chain: every setting of
every stage with its meaning, those at their defaults commented out. Stages are
separated by "|": sources first, sinks last, filters in between. Several sources
or sinks are joined by "+". Settings go in parentheses, list items are separated
by commas, and values with other characters are quoted.`

const initExample = `  sudo pmtud init --output edge.yaml

  pmtud init 'pcap(interface=eth0) | icmp-ptb | length | mtu |
    port-list(ports=80,443) | src-rate(rate=1) | iface-rate |
    broadcast(interface=eth0) + log' --output edge.yaml`

func (a *app) initCommand() *cobra.Command {
	var format *choice
	var output, name, iface string
	var host bool
	c := &cobra.Command{
		Use:                   "init [[--iface INTERFACE] | CHAIN] [options]",
		Short:                 "write a commented configuration to start from",
		Long:                  initHelp,
		Example:               initExample,
		DisableFlagsInUseLine: true,
		Args:                  initArgs,
		ValidArgsFunction:     cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if err := formatOfOutput(format, c.Flags().Changed("format"), output); err != nil {
				return err
			}
			text, err := a.initial(args, format.value, name, iface, host)
			if err != nil {
				return err
			}
			return a.writeNew(output, text)
		},
	}
	format = addFormatFlag(c, "yaml", "toml")
	c.Flags().StringVarP(&output, "output", "o", "", "`FILE` to write instead of standard output; it must not exist")
	c.Flags().StringVar(&name, "pipeline", configs.Pipeline, "`NAME` of the pipeline")
	c.Flags().StringVarP(&iface, "iface", "i", "", "`INTERFACE` to listen and send on, for the recommended configuration")
	c.Flags().BoolVar(&host, "host", true, "examine this host; --host=false prints the recommended configuration unchanged")
	completeFlag(c, "output", completeFiles(configEndings...))
	completeFlag(c, "pipeline", cobra.NoFileCompletions)
	completeFlag(c, "iface", completeInterfaces)
	return c
}

func initArgs(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return errors.New("init takes one description, in quotes: 'pcap(interface=eth0) | icmp-ptb | broadcast(interface=eth0)'")
	}
	iface := c.Flag("iface")
	switch {
	case c.Flag("host").Changed && len(args) == 1:
		return errors.New("--host is for the recommended configuration only; in a description write vips(from=lo)")
	case !iface.Changed:
		return nil
	case len(args) == 1:
		return errors.New("--iface is for the recommended configuration only; a description names its own interfaces")
	case iface.Value.String() == "":
		return errors.New("--iface: the name is empty")
	}
	if err := setting.InterfaceName(iface.Value.String()).Check(); err != nil {
		return fmt.Errorf("--iface: %w", err)
	}
	return nil
}

// initial returns the text of the configuration that args describe, or of the
// recommended one, as it suits this host if host is set.
func (a *app) initial(args []string, format, name, iface string, host bool) ([]byte, error) {
	if len(args) == 0 {
		text, comment := configs.Recommended(format), ""
		if host {
			f, err := fitHost(format, iface)
			if err != nil {
				return nil, fmt.Errorf("--host: %w", err)
			}
			text, iface, comment = f.text, f.iface, f.comment()
		}
		return append([]byte(comment), filledIn(text, format, name, cmp.Or(iface, configs.Interface))...), nil
	}
	f, err := chain.Parse(args[0], name, a.Plugins)
	if err != nil {
		return nil, err
	}
	return write.Annotated(f).Marshal(format)
}

// filledIn returns the recommended configuration with other names filled in.
func filledIn(text, format, name, iface string) []byte {
	notation := syntax.YAML
	if format == "toml" {
		notation = syntax.TOML
	}
	value, key := notation.Text, notation.Key
	fill := strings.NewReplacer(
		"interface: "+value(configs.Interface), "interface: "+value(iface),
		"interface = "+value(configs.Interface), "interface = "+value(iface),
		"  "+key(configs.Pipeline)+":\n", "  "+key(name)+":\n",
		"pipelines."+key(configs.Pipeline)+".", "pipelines."+key(name)+".",
	)
	return []byte(fill.Replace(text))
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
		return fmt.Errorf("--output: %s must end in .yaml, .yml or .toml", output)
	}
	if given && format.value != ending {
		return fmt.Errorf("--output: the name %s does not fit --format %s", output, format.value)
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
		return fmt.Errorf("--output: %s exists and was left as it is; remove it or choose another name", name)
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
