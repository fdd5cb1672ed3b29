package cmd

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
	"github.com/pmtud/pmtud/pipeline"
)

// checkHost looks whether the host has what a configuration without mistakes needs.
func (a *app) checkHost(ctx context.Context, f *config.File) ([]hostcheck.Finding, error) {
	var pipelines []*pipeline.Pipeline
	for _, spec := range f.Specs() {
		p, err := a.buildOne(f, spec)
		if err != nil {
			return nil, err // though it could be built a moment ago
		}
		pipelines = append(pipelines, p)
	}
	daemon := hostcheck.Daemon{Configuration: slices.Concat(f.Names, f.Included)}
	if name := f.Global.User; name != "" {
		var err error
		if daemon.User, err = sandbox.LookUp(name); err != nil {
			return nil, err // though it was there a moment ago
		}
	}
	return hostcheck.Check(ctx, pipelines, daemon), nil
}

// hasProblem reports whether anything found will not work.
func hasProblem(findings []hostcheck.Finding) bool {
	return slices.ContainsFunc(findings, func(f hostcheck.Finding) bool { return f.Level == hostcheck.Problem })
}

// printFindings prints a line for each finding, and what to do about it below.
func printFindings(out io.Writer, findings []hostcheck.Finding) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		fmt.Fprintf(w, "%v\t%s %s\n", f.Level, f.Subject, f.State)
		if f.Advice != "" {
			fmt.Fprintf(w, "\t-> %s\n", f.Advice)
		}
	}
	return w.Flush()
}
