package scale

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/configs"
	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/pipeline"
)

// side returns a pipeline with the filters of configs/recommended.yaml, whose total limit is
// another one. It sends nothing.
func side(l Limit) (*pipeline.Pipeline, error) {
	spec, err := recommendedSpec()
	if err != nil {
		return nil, fmt.Errorf("load recommended configuration: %w", err)
	}
	spec.Sinks = nil
	for _, stage := range spec.Filters {
		if s, ok := stage.Settings.(*ifacerate.Settings); ok {
			s.Rate, s.Burst = l.Rate, l.Burst
		}
	}
	return pipeline.New(spec)
}

func recommendedSpec() (pipeline.Spec, error) {
	dir, err := os.MkdirTemp("", "pmtud-scale-")
	if err != nil {
		return pipeline.Spec{}, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "recommended.yaml")
	if err := os.WriteFile(path, []byte(configs.Recommended("yaml")), 0o600); err != nil {
		return pipeline.Spec{}, err
	}
	f, err := config.Load(context.Background(), []string{path}, cmd.Plugins())
	if err != nil {
		return pipeline.Spec{}, err
	}
	return f.Specs()[0], nil
}
