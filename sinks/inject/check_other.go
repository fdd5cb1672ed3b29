//go:build !linux

package inject

import "github.com/pmtud/pmtud/pipeline"

func checkHost(Settings) []pipeline.HostFinding { return nil }
