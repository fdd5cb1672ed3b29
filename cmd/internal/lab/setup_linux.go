package lab

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
	"github.com/pmtud/pmtud/pipeline/limit"
)

// setup is a way to run pmtud on the servers.
type setup struct {
	name      string // in a word or two
	arguments func(*Network, *Server) []string
	most      string // how many messages one daemon may send in any second
	// wide is whether the link to the clients has the MTU of the others, so that
	// there is nothing to heal: what remains is the time that the lab itself takes.
	wide bool
}

// setups returns what is worth comparing: a path without obstacle, no pmtud, the
// original limits, the recommended configuration, no limits at all, and configuration
// files. The recommended one is written to a folder.
func setups(ctx context.Context, dir string, files []string) ([]setup, error) {
	recommended := filepath.Join(dir, "recommended.yaml")
	if err := os.WriteFile(recommended, []byte(configs.Recommended("yaml")), 0o600); err != nil {
		return nil, fmt.Errorf("write recommended configuration: %w", err)
	}
	all := []setup{
		{name: "no obstacle", wide: true},
		{name: "nothing"},
		{name: "no limits", arguments: OnLAN("--src-rate", "1e9", "--iface-rate", "1e9")},
		{name: "compat", arguments: OnLAN(), most: "29"},
	}
	for _, file := range append([]string{recommended}, files...) {
		s, err := setupOf(ctx, file)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func setupOf(ctx context.Context, file string) (setup, error) {
	f, err := config.Load(ctx, []string{file}, cmd.Plugins())
	if err != nil {
		return setup{}, err
	}
	return setup{
		name: strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)),
		most: most(f.Specs()),
		arguments: func(*Network, *Server) []string {
			return []string{"run", "-c", file}
		},
	}, nil
}

// most returns how many messages pipelines send together in any second: as many as
// their iface-rates let pass at once and in the second after. It is empty if one has
// none.
func most(specs []pipeline.Spec) string {
	total := 0.0
	for _, spec := range specs {
		limited := false
		for _, stage := range spec.Filters {
			if s, ok := stage.Settings.(*ifacerate.Settings); ok && !limited {
				limited = true
				total += s.Rate + burst(s)
			}
		}
		if !limited {
			return ""
		}
	}
	return fmt.Sprintf("%.0f", total)
}

func burst(s *ifacerate.Settings) float64 {
	if s.Burst == 0 {
		return max(s.Rate*limit.BurstSeconds, 1)
	}
	return s.Burst
}

func (s setup) run(ctx context.Context, config RecoveryConfig) (Recovery, error) {
	config.Arguments = s.arguments
	if s.wide {
		config.MTU = wide
	}
	return RunRecovery(ctx, config)
}

// wide is the MTU of all links but one.
const wide = 1500
