package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/cache"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/netspace"
)

const cacheHelp = `Cache lists the path MTUs that this host's kernel has learned for IPv4 and IPv6,
in all routing tables and VRFs, with the time until each is forgotten. With an
ADDRESS it looks up that one. Containers have their own: --all-netns lists those
of all network namespaces, which requires root.

If the daemon is running, cache also shows which router an entry was learned
from, and when. The daemon does not see copies that other servers broadcast.

The kernel does not list an IPv4 entry until a packet has used it. Cache also
looks up the hosts that TCP connections go to; ask about any other by ADDRESS.

"pmtud cache flush" deletes what has been learned, so that it is measured again;
it requires root. IPv6 entries can be deleted one at a time, by ADDRESS; IPv4
entries only all at once, listed or not. A locked entry means that a router
asked for less than net.ipv4.route.min_pmtu: packets go out without DF.`

// cacheOptions are the options of cache, as they were written.
type cacheOptions struct {
	flush    bool
	allNetns bool
	v4, v6   bool
	yes      bool
	format   *choice
	daemon   control.Client
}

func (a *app) cacheCommand() *cobra.Command {
	var o cacheOptions
	c := &cobra.Command{
		Use:                   "cache [list|flush] [ADDRESS]",
		Short:                 "list or delete the path MTUs that the kernel has learned",
		Long:                  cacheHelp,
		Args:                  cobra.ArbitraryArgs,
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     completeCache,
		RunE: func(c *cobra.Command, args []string) error {
			q, err := o.query(args)
			if err != nil {
				return err
			}
			return a.cache(c.Context(), o, q)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().BoolVarP(&o.v4, "ipv4", "4", false, "IPv4 only")
	c.Flags().BoolVarP(&o.v6, "ipv6", "6", false, "IPv6 only")
	c.Flags().BoolVar(&o.allNetns, "all-netns", false, "in all network namespaces, including those of containers")
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "flush without asking")
	o.format = addFormatFlag(c, textFormat, jsonFormat)
	a.addControlFlag(c, &o.daemon)
	return c
}

// attribute notes which router taught an entry and when, where the daemon that runs has seen the
// message. Where none runs, or it may not be asked, nobody knows.
func attribute(ctx context.Context, daemon control.Client, entries []cache.Entry) {
	if len(entries) == 0 {
		return
	}
	seen, err := daemon.Messages(ctx)
	if err != nil {
		return
	}
	for i := range entries {
		e := &entries[i]
		for _, m := range seen.Messages {
			if m.Client == e.Destination && (int(m.MTU) == e.MTU || e.Locked && int(m.MTU) < e.MTU) {
				e.Router, e.Heard = m.Router, m.Time
			}
		}
	}
}

// completeCache offers what to do.
func completeCache(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []cobra.Completion{"list\tlist path MTUs (default)", "flush\tdelete path MTUs"}, cobra.ShellCompDirectiveNoFileComp
}

// query reads operands.
func (o *cacheOptions) query(args []string) (q cache.Query, err error) {
	if len(args) > 0 && (args[0] == "list" || args[0] == "flush") {
		o.flush = args[0] == "flush"
		args = args[1:]
	}
	if len(args) > 1 {
		return q, fmt.Errorf("unexpected %q; cache takes list or flush, and one ADDRESS", args[1])
	}
	if o.v4 && o.v6 {
		return q, errors.New("-4 and -6 can't be used together")
	}
	if o.yes && !o.flush {
		return q, errors.New("--yes is for flush only")
	}
	q.Only4, q.Only6 = o.v4, o.v6
	if len(args) == 0 {
		return q, nil
	}
	if q.Destination, err = netip.ParseAddr(args[0]); err != nil {
		return q, fmt.Errorf("%q is neither list nor flush nor an address", args[0])
	}
	q.Destination = q.Destination.Unmap().WithZone("")
	if q.Only4 && q.Destination.Is6() || q.Only6 && q.Destination.Is4() {
		return q, wrongFamily(q.Destination)
	}
	return q, nil
}

func (a *app) cache(ctx context.Context, o cacheOptions, q cache.Query) error {
	if o.flush && q.Destination.Is4() {
		return a.failed(fmt.Errorf("%w; to do that: pmtud cache flush -4", cache.ErrOneOfIPv4))
	}
	spaces, err := a.spaces(o.allNetns)
	if err != nil {
		return a.failed(err)
	}
	defer closeSpaces(spaces)
	listed := make([][]cache.Entry, len(spaces))
	for i, s := range spaces {
		if listed[i], err = cache.List(s, q); err != nil && !s.IsOwn() {
			a.warn(err) // the others can be told of
		} else if err != nil {
			return a.failed(err)
		}
	}
	entries := slices.Concat(listed...)
	if !o.flush {
		attribute(ctx, o.daemon, entries)
		return a.failed(o.printEntries(columns.Folded(a.Stdout, hanging), q, entries))
	}
	if err := a.confirmFlush(ctx, o, q, entries); err != nil {
		return err
	}
	for i, s := range spaces {
		err = errors.Join(err, cache.Flush(s, q, listed[i]))
	}
	if err != nil {
		return a.failed(err)
	}
	return a.failed(o.printFlushed(columns.Folded(a.Stdout, hanging), entries))
}

// spaces returns the namespaces to look at.
func (a *app) spaces(all bool) ([]*netspace.Space, error) {
	if !all {
		own, err := netspace.Own()
		return []*netspace.Space{own}, err
	}
	spaces, unseen, err := netspace.All()
	if unseen > 0 {
		a.warn(fmt.Errorf("can't see the network namespaces of %d processes: run this as root", unseen))
	}
	return spaces, err
}

func closeSpaces(spaces []*netspace.Space) {
	for _, s := range spaces {
		s.Close()
	}
}

// confirmFlush asks whether to delete, on a terminal.
func (a *app) confirmFlush(ctx context.Context, o cacheOptions, q cache.Query, entries []cache.Entry) error {
	if o.yes {
		return nil
	}
	if !isTerminalInput(a.Stdin) {
		return errors.New("flush asks before it deletes, and there is no terminal to ask on; add --yes")
	}
	question := "Delete " + countEntries(entries)
	if !q.Only6 && !q.Destination.Is6() {
		question += ", and IPv4 entries that are not listed"
	}
	fmt.Fprint(a.Stderr, question+"? [y/N] ")
	answer, err := readAnswer(ctx, a.Stdin)
	switch {
	case err != nil:
		return a.failed(err)
	case answer != "y" && answer != "yes":
		return a.failed(errors.New("nothing was deleted"))
	}
	return nil
}

// readAnswer reads a line, or returns when the context ends.
func readAnswer(ctx context.Context, in io.Reader) (string, error) {
	line := make(chan string, 1)
	go func() { // an interrupted program does not wait for it
		var text strings.Builder
		for b := make([]byte, 1); ; {
			if n, err := in.Read(b); n == 0 || err != nil || b[0] == '\n' {
				break
			}
			text.Write(b)
		}
		line <- text.String()
	}()
	select {
	case text := <-line:
		return strings.ToLower(strings.TrimSpace(text)), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// countEntries says how many entries there are.
func countEntries(entries []cache.Entry) string {
	v4 := 0
	for _, e := range entries {
		if e.Destination.Is4() {
			v4++
		}
	}
	noun := "path MTUs"
	if len(entries) == 1 {
		noun = "path MTU"
	}
	return fmt.Sprintf("%d %s (IPv4: %d, IPv6: %d)", len(entries), noun, v4, len(entries)-v4)
}

func (o cacheOptions) printFlushed(out io.Writer, entries []cache.Entry) error {
	if o.format.value == jsonFormat {
		return printJSON(out, struct {
			Deleted []cache.Entry `json:"deleted"`
		}{append([]cache.Entry{}, entries...)})
	}
	_, err := fmt.Fprintf(out, "deleted %s\n", countEntries(entries))
	return err
}

func (o cacheOptions) printEntries(out io.Writer, q cache.Query, entries []cache.Entry) error {
	switch {
	case o.format.value == jsonFormat:
		return printJSON(out, struct {
			Entries []cache.Entry `json:"entries"`
		}{append([]cache.Entry{}, entries...)})
	case len(entries) == 0 && q.Destination.IsValid():
		_, err := fmt.Fprintf(out, "no path MTU has been learned for %v\n", q.Destination)
		return err
	case len(entries) == 0:
		_, err := fmt.Fprintln(out, "no path MTUs are listed; to look up an unused one: pmtud cache ADDRESS")
		return err
	}
	return printEntryTable(out, entries)
}

// printEntryTable prints entries by namespaces.
func printEntryTable(out io.Writer, entries []cache.Entry) error {
	rows := [][]string{{"DESTINATION", "MTU", "LEFT", "DEVICE"}}
	for _, e := range entries {
		mtu := "-"
		if e.MTU > 0 {
			mtu = fmt.Sprint(e.MTU)
		}
		left := "-"
		if e.Seconds > 0 {
			left = (time.Duration(e.Seconds) * time.Second).String()
		}
		rows = append(rows, []string{e.Destination.String(), mtu, left, e.Device})
	}
	lines := columns.Align(rows)
	fmt.Fprintln(out, lines[0])
	before := ""
	for i, e := range entries {
		if e.Namespace != before {
			before = e.Namespace
			fmt.Fprintf(out, "in the network namespace of %s:\n", e.Namespace)
		}
		fmt.Fprintln(out, strings.TrimRight(lines[i+1], " "))
		for _, remark := range remarks(e) {
			fmt.Fprintf(out, "  %s\n", remark)
		}
	}
	return nil
}

// remarks says what is unusual about an entry.
func remarks(e cache.Entry) (found []string) {
	if e.Locked {
		found = append(found, "locked: a router asked for less; packets go out without DF")
	}
	switch {
	case e.VRF != "":
		found = append(found, fmt.Sprintf("in table %d of VRF %s", e.Table, e.VRF))
	case !e.Main():
		found = append(found, fmt.Sprintf("in table %d", e.Table))
	}
	if e.MTU == 0 {
		found = append(found, fmt.Sprintf("redirected to gateway %v", e.Gateway))
	}
	if e.Router.IsValid() {
		found = append(found, fmt.Sprintf("learned from %v at %s", e.Router, e.Heard.Local().Format(time.DateTime)))
	}
	return found
}
