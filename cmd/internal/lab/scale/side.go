package scale

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/configs"
	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// side returns the filters of one of the pipelines of configs/relay.yaml, send or receive,
// with another total limit. They are never opened.
func side(name string, l Limit) (*pipeline.Offline, error) {
	specs, err := relaySpecs()
	if err != nil {
		return nil, fmt.Errorf("load configs/relay.yaml: %w", err)
	}
	for _, spec := range specs {
		if spec.Name == name {
			spec.Sources, spec.Sinks = []pipeline.Stage{pipelinetest.Lend(nil, 1)}, nil
			limitTo(spec, l)
			return pipeline.NewOffline(spec)
		}
	}
	return nil, fmt.Errorf("configs/relay.yaml has no pipeline %s", name)
}

func limitTo(spec pipeline.Spec, l Limit) {
	for _, stage := range spec.Filters {
		if s, ok := stage.Settings.(*ifacerate.Settings); ok {
			s.Rate, s.Burst = l.Rate, l.Burst
		}
	}
}

func relaySpecs() ([]pipeline.Spec, error) {
	dir, err := os.MkdirTemp("", "pmtud-scale-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "relay.yaml")
	text := strings.ReplaceAll(configs.Relay, "${PMTUD_KEY}", "a secret that seals nothing")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, err
	}
	f, err := config.Load(context.Background(), []string{path}, cmd.Plugins())
	if err != nil {
		return nil, err
	}
	return f.Specs(), nil
}
