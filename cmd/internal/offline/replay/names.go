package replay

import (
	"path/filepath"
	"strings"

	"github.com/pmtud/pmtud/pipeline/capfile"
)

// names returns what captures are called in verdicts: their paths without the folders
// that all of them share, so that they are the same wherever a replay runs.
func names(paths []string) []string {
	prefix := sharedFolder(paths)
	out := make([]string, len(paths))
	for i, path := range paths {
		out[i] = strings.TrimPrefix(path, prefix)
	}
	return out
}

// sharedFolder returns the beginning of all paths up to a separator, empty if there is
// none.
func sharedFolder(paths []string) string {
	prefix, begun := "", false
	for _, path := range paths {
		if path == capfile.Stdin {
			continue
		}
		folder, _ := filepath.Split(path)
		if !begun {
			prefix, begun = folder, true
		}
		for !strings.HasPrefix(folder, prefix) {
			prefix, _ = filepath.Split(strings.TrimSuffix(prefix, string(filepath.Separator)))
		}
	}
	return prefix
}
