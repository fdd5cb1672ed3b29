package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
)

// options are those of the original command line, as they were written.
type options struct {
	iface       string
	srcRate     string
	ifaceRate   string
	verbose     int
	dryRun      bool
	cpu         string
	ports       string
	nflog       string
	peers       string
	strict      bool
	useSrc      bool
	control     string
	printConfig string

	flags *pflag.FlagSet // says which options were given
}

// register declares the options, of a program whose control socket is where socket says. The name of an option's value is in its text
// between backquotes, and none where pflag would think of one.
func (o *options) register(flags *pflag.FlagSet, socket string) {
	flags.StringVarP(&o.iface, "iface", "i", "", "`INTERFACE` to listen and send on (required)")
	flags.StringVarP(&o.nflog, "nflog", "n", "", "read from this NFLOG `GROUP` instead of capturing; send on --iface")
	flags.StringVarP(&o.srcRate, "src-rate", "s", "1.0", "limit for each source, in packets per second: `PPS`")
	flags.StringVarP(&o.ifaceRate, "iface-rate", "r", "10.0", "limit for sending on the interface, in packets per second: `PPS`")
	flags.CountVarP(&o.verbose, "verbose", "v", "``print forwarded packets; twice: dropped ones too; three times: with their bytes in hex")
	flags.BoolVarP(&o.dryRun, "dry-run", "d", false, "do everything except send")
	flags.StringVarP(&o.cpu, "cpu", "c", "", "pin the whole process to this `CPU`")
	flags.StringVarP(&o.ports, "ports", "p", "", "comma-separated `PORTS`; forward only messages about packets from these source ports")
	flags.StringVarP(&o.peers, "peers", "P", "", "comma-separated `PEERS`; send to these hosts by normal routing instead of broadcasting")
	flags.BoolVarP(&o.strict, "strict", "t", false, "forward only MTUs from 576 to 1499")
	flags.BoolVarP(&o.useSrc, "use-src", "S", false, "keep the captured source MAC as the source of the broadcast")
	flags.StringVar(&o.control, "control", socket, "`PATH` of the socket for status, top and tap; off for none")
	flags.StringVar(&o.printConfig, "print-config", "", "print the pipeline that the other options describe, as yaml, toml or json: `FORMAT`")
	flags.Lookup("print-config").NoOptDefVal = "yaml"
	o.flags = flags
}

func (o *options) given(name string) bool { return o.flags.Changed(name) }

// runOptions runs, or prints, what the options stand for.
func (a *app) runOptions(ctx context.Context, o options) error {
	resumeGC := a.PauseGC()
	defer resumeGC()
	f, err := o.file()
	if err != nil {
		return err
	}
	if err := a.Resolve(f); err != nil {
		return optionError(err)
	}
	if o.given("print-config") {
		return a.printConfig(f, o.printConfig)
	}
	return a.Run(ctx, f, resumeGC)
}

func (a *app) printConfig(f *config.File, format string) error {
	text, err := write.Declared(f).Marshal(format)
	if err != nil {
		return fmt.Errorf("--print-config: %w", err)
	}
	if _, err := a.Stdout.Write(text); err != nil {
		return fmt.Errorf("print configuration: %w", err)
	}
	return nil
}

// optionError turns mistakes in a tree made of options into an error of usage.
func optionError(err error) error {
	var mistakes config.Mistakes
	if !errors.As(err, &mistakes) {
		return err
	}
	// An option that stands for two settings may be wrong in both.
	return errors.New(slices.Compact(mistakes).Error())
}

// file returns the pipeline that the options stand for.
func (o *options) file() (*config.File, error) {
	settings, err := o.global()
	if err != nil {
		return nil, err
	}
	if o.iface == "" {
		return nil, errors.New("--iface is missing: the interface to listen and send on")
	}
	if _, err := strconv.ParseUint(o.nflog, 10, 16); err != nil && o.given("nflog") {
		return nil, fmt.Errorf("--nflog: %q is not an NFLOG group; write a number from 0 to 65535", o.nflog)
	}
	filters, err := o.filters()
	if err != nil {
		return nil, err
	}
	return &config.File{
		Settings: settings,
		Pipelines: []config.Pipeline{{
			Name:    "pmtud",
			Sources: []config.Stage{o.source()},
			Filters: filters,
			Sinks:   o.sinks(),
		}},
	}, nil
}

func (o *options) source() config.Stage {
	if o.given("nflog") {
		return stage("nflog", set("--nflog", "group", numberOrText(o.nflog)))
	}
	return stage("pcap", set("--iface", "interface", o.iface))
}

func (o *options) filters() ([]config.Stage, error) {
	srcRate, err := parseRate("--src-rate", o.srcRate)
	if err != nil {
		return nil, err
	}
	ifaceRate, err := parseRate("--iface-rate", o.ifaceRate)
	if err != nil {
		return nil, err
	}
	mtu := stage("mtu")
	if o.strict {
		mtu = stage("mtu", set("--strict", "strict", true))
	}
	filters := []config.Stage{stage("icmp-ptb"), stage("length"), mtu}
	if o.given("ports") {
		filters = append(filters, stage("port-list", set("--ports", "ports", parsePorts(o.ports)), set("--ports", "ignore_protocol", true)))
	}
	if guarded := o.peerAddresses(); len(guarded) > 0 {
		filters = append(filters, stage("source-list", set("--peers", "deny", guarded), set("--peers", "peers", true)))
	}
	return append(filters,
		stage("src-rate", set("--src-rate", "rate", srcRate)),
		stage("iface-rate", set("--iface-rate", "rate", ifaceRate)),
	), nil
}

// peerAddresses returns the peers that are given by their addresses. Copies from
// those given by name, and with a zone, are recognised by the sink.
func (o *options) peerAddresses() (addresses []any) {
	for _, peer := range list(o.peers) {
		if addr, err := netip.ParseAddr(peer.(string)); err == nil && addr.Zone() == "" {
			addresses = append(addresses, peer)
		}
	}
	return addresses
}

func (o *options) sinks() []config.Stage {
	sender := stage("broadcast", set("--iface", "interface", o.iface))
	switch {
	case o.given("peers"):
		sender = stage("peers", set("--peers", "addresses", list(o.peers)))
	case o.useSrc:
		sender.Settings = append(sender.Settings, set("--use-src", "source_mac", "captured-source"))
	}
	if o.dryRun {
		sender.Settings = append(sender.Settings, set("--dry-run", "dry_run", true))
	}
	sinks := []config.Stage{sender}
	if o.verbose > 0 {
		verbosity := config.Number(strconv.Itoa(min(o.verbose, 3)))
		sinks = append(sinks, stage("log", set("--verbose", "verbosity", verbosity)))
	}
	return sinks
}

// global returns the settings of the top level.
func (o *options) global() (settings config.Table, err error) {
	if o.given("cpu") {
		cpu, err := strconv.ParseUint(o.cpu, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("--cpu: %q is not a CPU number; to run a configuration: pmtud run -c FILE", o.cpu)
		}
		settings = append(settings, set("--cpu", "cpu", config.Number(strconv.FormatUint(cpu, 10))))
	}
	if o.given("control") {
		settings = append(settings, set("--control", "control", o.control))
	}
	return settings, nil
}

// parseRate takes decimal numbers only. Whether a rate makes sense is up to the
// limiter.
func parseRate(option, text string) (config.Number, error) {
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.ContainsAny(text, "xXpP_") {
		return "", fmt.Errorf("%s: %q is not a number of packets per second", option, text)
	}
	format := byte('g')
	if rate >= 1e-3 && rate < 1e15 {
		format = 'f'
	}
	return config.Number(strings.ToLower(strconv.FormatFloat(rate, format, -1, 64))), nil
}

// parsePorts makes a list of the text between commas. Whether these are ports is
// up to the port list.
func parsePorts(text string) []any {
	ports := list(text)
	for i, port := range ports {
		ports[i] = numberOrText(port.(string))
	}
	return ports
}

// numberOrText returns digits as a number. The plugin refuses what it can't take.
func numberOrText(text string) any {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil && !strings.HasPrefix(text, "+") {
		return config.Number(strconv.FormatUint(n, 10))
	}
	return text
}

// list returns the texts between commas.
func list(text string) (elements []any) {
	for element := range strings.SplitSeq(text, ",") {
		elements = append(elements, element)
	}
	return elements
}

func stage(typ string, settings ...*config.Setting) config.Stage {
	return config.Stage{Type: typ, Settings: settings}
}

// set returns a setting whose mistakes are reported as the option's.
func set(option, name string, value any) *config.Setting {
	at := config.Position{File: option}
	if items, ok := value.([]any); ok {
		list := config.List{}
		for _, item := range items {
			list = append(list, &config.Setting{Value: item, At: at})
		}
		value = list
	}
	return &config.Setting{Name: name, Value: value, At: at}
}
