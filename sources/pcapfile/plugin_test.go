package pcapfile_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/sources/pcapfile"
)

func TestPlugin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcap")
	capture(t, path, delivered{"one", time.Second}, delivered{"two", 2 * time.Second})
	for _, tc := range []struct {
		name     string
		settings pcapfile.Settings
	}{
		{"once", pcapfile.Settings{Path: []string{path}}},
		{"for ever", pcapfile.Settings{Path: []string{path}, Loop: true}},
		{"at the original speed", pcapfile.Settings{Path: []string{path}, Speed: 1, Loop: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pipelinetest.TestSource(t, pcapfile.Plugin(), &tc.settings, nil)
		})
	}
}
