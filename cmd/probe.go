package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/probe"
)

const probeHelp = `Probe measures the path MTU to each host; it needs no privileges. It lists the
hops with their round-trip times, and shows where the MTU drops and which router
reports it. Where large packets vanish and small ones arrive, it names the place
and finds the largest size that arrives.

Probes are UDP datagrams to ports from 33434 on, and ICMP echo requests where
net.ipv4.ping_group_range lets the user send them. If a name has several
addresses, the first is probed. If --from is an anycast address, answers may
arrive at another server.

With --tcp it also connects to a port, compares the MSS that both sides offer
with the interface's MTU (what becomes of ours only the host can see), and sends
three full-size segments of spaces to see whether they arrive.

What routers report changes this host: all its programs send smaller packets to
the probed hosts, usually for ten minutes. "pmtud cache" shows this.

The exit status is 1 if a path has a black hole, a host is unreachable or does
not answer, or full-size TCP segments are lost.`

const probeExample = `  pmtud probe www.example.net
  pmtud probe --tcp 443 198.51.100.7 2001:db8::7`

// probeOptions are the options of probe, as they were written.
type probeOptions struct {
	tcp    string
	from   string
	v4, v6 bool
	format *choice
}

func (a *app) probeCommand() *cobra.Command {
	var o probeOptions
	c := &cobra.Command{
		Use:                   "probe HOST...",
		Short:                 "find the path MTU to hosts, and black holes",
		Long:                  probeHelp,
		Example:               probeExample,
		Args:                  someOperands("HOST"),
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     fixed(),
		RunE: func(c *cobra.Command, hosts []string) error {
			return a.probe(c.Context(), o, hosts)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&o.tcp, "tcp", "", "connect to this `PORT` too")
	c.Flags().StringVar(&o.from, "from", "", "send from this `ADDRESS` of this host")
	c.Flags().BoolVarP(&o.v4, "ipv4", "4", false, "probe IPv4 addresses only")
	c.Flags().BoolVarP(&o.v6, "ipv6", "6", false, "probe IPv6 addresses only")
	o.format = addFormatFlag(c, textFormat, jsonFormat)
	completeFlag(c, "tcp", fixed("80", "443"))
	completeFlag(c, "from", completeAddresses)
	return c
}

// jsonFormat is the format for programs.
const jsonFormat = "json"

// together is how many hosts are probed at once.
const together = 16

func (a *app) probe(ctx context.Context, o probeOptions, hosts []string) error {
	from, err := o.source()
	if err != nil {
		return err
	}
	port, err := o.port()
	if err != nil {
		return err
	}
	status := newStatusLine(a.Stderr)
	paths := make([]*probe.Path, len(hosts))
	slots := make(chan struct{}, together)
	var probing sync.WaitGroup
	for i, host := range hosts {
		slots <- struct{}{}
		probing.Go(func() {
			defer func() { <-slots }()
			paths[i] = o.probe(ctx, probe.Options{
				Host: host, From: from, TCP: port, Progress: func(text string) { status.show(host + ": " + text) },
			})
		})
	}
	probing.Wait()
	status.clear()
	paths = slices.DeleteFunc(paths, func(p *probe.Path) bool { return p == nil }) // interrupted
	if err := printPaths(a.Stdout, o.format.value, paths); err != nil {
		return a.failed(err)
	}
	if ctx.Err() != nil {
		return a.failed(ctx.Err())
	}
	if slices.ContainsFunc(paths, (*probe.Path).Bad) {
		return errFailed
	}
	return nil
}

// source returns the address to send from; invalid if that is the kernel's choice.
func (o probeOptions) source() (from netip.Addr, err error) {
	if o.v4 && o.v6 {
		return from, errors.New("-4 and -6 can't be used together")
	}
	if o.from == "" {
		return from, nil
	}
	if from, err = netip.ParseAddr(o.from); err != nil {
		return from, fmt.Errorf("--from: %q is not an address", o.from)
	}
	from = from.Unmap()
	if o.v4 && from.Is6() || o.v6 && from.Is4() {
		return from, fmt.Errorf("--from: %w", wrongFamily(from))
	}
	return from, nil
}

// port returns the port of --tcp, or 0.
func (o probeOptions) port() (uint16, error) {
	if o.tcp == "" {
		return 0, nil
	}
	port, err := strconv.ParseUint(o.tcp, 10, 16)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("--tcp: %q is not a port", o.tcp)
	}
	return uint16(port), nil
}

// probe probes one host. It returns nil if it was interrupted.
func (o probeOptions) probe(ctx context.Context, p probe.Options) *probe.Path {
	var err error
	if p.Address, err = o.lookUp(ctx, p.Host, p.From); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return &probe.Path{Host: p.Host, Verdict: probe.Failed, Error: err.Error()}
	}
	path, err := probe.Run(ctx, p)
	if err != nil {
		return nil
	}
	return path
}

// lookUp returns the first address of a host of the family that is wanted.
func (o probeOptions) lookUp(ctx context.Context, host string, from netip.Addr) (netip.Addr, error) {
	network := "ip"
	switch {
	case o.v4 || from.Is4():
		network = "ip4"
	case o.v6 || from.Is6():
		network = "ip6"
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		addr = addr.Unmap()
		if network == "ip4" && !addr.Is4() || network == "ip6" && !addr.Is6() {
			return addr, wrongFamily(addr)
		}
		if addr.IsMulticast() || addr.IsUnspecified() {
			return addr, fmt.Errorf("%v is not the address of a host", addr)
		}
		return addr, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, network, host)
	if err != nil {
		return netip.Addr{}, lookUpError(host, err)
	}
	return found[0].Unmap(), nil
}

// wrongFamily says that an address is not of the IP version that was asked for.
func wrongFamily(addr netip.Addr) error {
	if addr.Is6() {
		return fmt.Errorf("%v is not an IPv4 address", addr)
	}
	return fmt.Errorf("%v is not an IPv6 address", addr)
}

// lookUpTime bounds the search for a name's address.
const lookUpTime = 5 * time.Second

// lookUpError says why a name has no address.
func lookUpError(host string, err error) error {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		switch {
		case dns.IsNotFound:
			return fmt.Errorf("unknown host %q", host)
		case dns.IsTimeout:
			return fmt.Errorf("look up %q: no name server answers", host)
		}
		return fmt.Errorf("look up %q: %s", host, dns.Err)
	}
	return fmt.Errorf("look up %q: %w", host, err)
}

func printPaths(out io.Writer, format string, paths []*probe.Path) error {
	if format == jsonFormat {
		return printJSON(out, struct {
			Paths []*probe.Path `json:"paths"`
		}{paths})
	}
	for i, p := range paths {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := p.Print(out); err != nil {
			return err
		}
	}
	return nil
}

// printJSON prints a value for programs.
func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// completeAddresses offers this host's addresses.
func completeAddresses(*cobra.Command, []string, string) (found []cobra.Completion, _ cobra.ShellCompDirective) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, addr := range addrs {
		text, _, _ := strings.Cut(addr.String(), "/")
		found = append(found, text)
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}
