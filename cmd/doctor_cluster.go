package cmd

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/pmtud/pmtud/cmd/internal/daemon/cluster"
	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/doctor"
)

// checkCluster refuses addresses that can't be asked, and options that are about this host.
func checkCluster(o doctorOptions, addresses []string) error {
	if len(addresses) == 0 {
		return errors.New("--cluster needs the servers' addresses: paths of control sockets, or URLs such as http://192.0.2.11:9342")
	}
	if len(o.paths) > 0 || o.allNetns {
		return errors.New("--cluster asks other servers; -c and --all-netns examine this one")
	}
	for _, address := range addresses {
		if err := cluster.CheckAddress(address); err != nil {
			return err
		}
	}
	return nil
}

// doctorCluster prints who hears whom.
func (a *app) doctorCluster(ctx context.Context, addresses []string, format string) error {
	report := cluster.Ask(ctx, addresses)
	text := findings(report.Findings)
	if matrix := report.Matrix(); matrix != "" {
		text = matrix + "\n" + text
	}
	return a.report(format, report, text, report.Bad())
}

// askHeard asks the daemon of this host, if one runs, which servers it does not hear.
func (a *app) askHeard(ctx context.Context, client control.Client, look *doctor.Options) {
	s, err := client.Status(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return // no daemon runs
	case err != nil:
		look.Unseen = append(look.Unseen, "which servers are heard: "+err.Error())
		return
	case s.Canary == nil:
		return
	}
	for _, f := range s.Canary.Findings {
		look.Found = append(look.Found, doctor.Finding{
			Level: hostcheck.Problem, Subject: "server " + f.Server, State: f.Trouble,
			Why: "messages that arrive there do not reach this host",
			Do:  "pmtud doctor --cluster ADDR... shows whether others hear it; look for a switch or firewall that drops them",
		})
	}
}
