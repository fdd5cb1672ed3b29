package cmd

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/cmd/internal/daemon"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/doctor"
)

const doctorHelp = `Doctor looks for what keeps path MTU discovery from working on this host. For
each finding it says why it matters and how to fix it. It examines:

- kernel settings (ip_no_pmtu_disc, rp_filter, min_pmtu, ...),
- nftables and iptables rules, legacy ones too, that drop "packet too big",
- XDP programs, which see packets before pmtud does,
- MTUs that do not match: of bridges, of VLANs, and on the way to the gateways,
- several daemons that send on one interface,
- connections that look black-holed: they retransmit full-size segments that
  nobody acknowledges. Two samples and a probe of the client tell them from a
  client that is slow or gone, in less than ten seconds.

With -c it also makes the checks of "pmtud check --host", and with --all-netns
it examines containers too. Firewall rules and containers require root; doctor
lists what it was not allowed to examine. It changes nothing. It probes the
gateways, and one client in each of up to eight prefixes with suspicious
connections.

If the daemon here sends test messages (setting canary), doctor names the
servers that it does not hear.

With --cluster it asks the daemons of several servers instead, and prints who
hears whom. ADDR is the path of a control socket, or the URL of a page, such as
http://192.0.2.11:9342. The page must be open to this host (setting http.page);
the URL may contain a user and a password.

The exit status is 1 if there is a problem, and 2 if the configuration is wrong.`

const doctorExample = `  sudo pmtud doctor
  sudo pmtud doctor --all-netns -c edge.yaml
  pmtud doctor --cluster http://192.0.2.1:9342 http://192.0.2.2:9342`

// doctorOptions are the options of doctor, as they were written.
type doctorOptions struct {
	paths    []string
	allNetns bool
	cluster  bool
	control  control.Client
	format   *choice
}

func (a *app) doctorCommand() *cobra.Command {
	var o doctorOptions
	c := &cobra.Command{
		Use:     "doctor [-c FILE|DIR ... | --cluster ADDR ...]",
		Short:   "find what keeps path MTU discovery from working here",
		Long:    doctorHelp,
		Example: doctorExample,
		Args: func(c *cobra.Command, args []string) error {
			if !o.cluster {
				return noOperands(c, args)
			}
			return checkCluster(o, args)
		},
		ValidArgsFunction:     completeFiles(),
		DisableFlagsInUseLine: true,
		RunE: func(c *cobra.Command, args []string) error {
			if o.cluster {
				return a.doctorCluster(c.Context(), args, o.format.value)
			}
			return a.doctor(c.Context(), o)
		},
	}
	c.Flags().SortFlags = false
	addConfigFlag(c, &o.paths)
	c.Flags().BoolVar(&o.allNetns, "all-netns", false, "in all network namespaces, including those of containers")
	c.Flags().BoolVar(&o.cluster, "cluster", false, "ask the daemons at these addresses who hears whom")
	a.addControlFlag(c, &o.control)
	o.format = addFormatFlag(c, textFormat, jsonFormat)
	return c
}

func (a *app) doctor(ctx context.Context, o doctorOptions) error {
	status := newStatusLine(a.Stderr)
	look := doctor.Options{Progress: status.show}
	if len(o.paths) == 0 {
		look.Host = hostcheck.Check(ctx, nil, hostcheck.Daemon{})
	} else if err := a.doctorConfig(ctx, &o, &look); err != nil {
		return err
	}
	a.askHeard(ctx, o.control, &look)
	var err error
	if look.Spaces, err = a.spaces(o.allNetns); err != nil {
		return a.failed(err)
	}
	defer closeSpaces(look.Spaces)
	report, err := doctor.Run(ctx, look)
	status.clear()
	if err != nil {
		return a.failed(err)
	}
	return a.report(o.format.value, report, doctorText(report), report.Bad())
}

// report prints what was found, as JSON or as a text, and fails if it is bad.
func (a *app) report(format string, found any, text string, bad bool) (err error) {
	if format == jsonFormat {
		err = printJSON(a.Stdout, found)
	} else {
		_, err = io.WriteString(a.Stdout, text)
	}
	switch {
	case err != nil:
		return a.failed(err)
	case bad:
		return errFailed
	}
	return nil
}

// doctorConfig looks at the host as a configuration needs it.
func (a *app) doctorConfig(ctx context.Context, o *doctorOptions, look *doctor.Options) error {
	f, err := a.Load(ctx, o.paths)
	if err = daemon.CheckUser(f, err); err != nil {
		return err
	}
	if f.Global.Control != "" && o.control.Path == a.Socket {
		o.control.Path = f.Global.Control
	}
	for _, m := range f.Warnings() {
		look.Warnings = append(look.Warnings, m.Error())
	}
	for _, p := range f.Pipelines {
		for _, s := range p.Sinks {
			look.Peers = look.Peers || s.Type == peersType
		}
	}
	look.Host, err = a.CheckHost(ctx, f)
	return err
}

// peersType is the sink whose copies conntrack calls invalid.
const peersType = "peers"

// doctorText writes findings in lines of at most 80 characters, but for what is to be done:
// commands are to be copied.
func doctorText(r *doctor.Report) string {
	text := findings(r.Findings)
	for _, unseen := range r.Unseen {
		text += strings.Join(columns.Hang("not examined: ", unseen), "\n") + "\n"
	}
	return text
}

func findings(all []doctor.Finding) string {
	var text strings.Builder
	for _, f := range all {
		what := f.Subject + " " + f.State
		if f.Namespace != "" {
			what = "in the network namespace of " + f.Namespace + ": " + what
		}
		for _, part := range [][2]string{{fmt.Sprintf("%-9v", f.Level), what}, {"    why: ", f.Why}} {
			if part[1] != "" {
				text.WriteString(strings.Join(columns.Hang(part[0], part[1]), "\n") + "\n")
			}
		}
		if f.Do != "" {
			text.WriteString("    do:  " + f.Do + "\n")
		}
	}
	if len(all) == 0 {
		return "no problems found\n"
	}
	return text.String()
}
