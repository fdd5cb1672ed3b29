package daemon

import (
	"context"
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
	"github.com/pmtud/pmtud/cmd/internal/daemon/webconfig"
	"github.com/pmtud/pmtud/pipeline"
)

// CheckHost reports whether the host has what a configuration without mistakes needs.
func (p *Program) CheckHost(ctx context.Context, f *config.File) ([]hostcheck.Finding, error) {
	var pipelines []*pipeline.Pipeline
	for _, spec := range f.Specs() {
		built, err := p.buildOne(f, spec)
		if err != nil {
			return nil, err // though it could be built a moment ago
		}
		pipelines = append(pipelines, built)
	}
	daemon := hostcheck.Daemon{Configuration: slices.Concat(f.Names, f.Included)}
	if path := f.Global.HTTP.WebConfig; path != "" {
		daemon.Opens = webconfig.Files(path)
	}
	if name := f.Global.User; name != "" {
		var err error
		if daemon.User, err = sandbox.LookUp(name); err != nil {
			return nil, err // though it was there a moment ago
		}
	}
	return hostcheck.Check(ctx, pipelines, daemon), nil
}
