package cmd_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pmtud/pmtud/cmd"
)

// TestWidth checks that help and descriptions of plugins fit a terminal of 80 columns,
// which would break longer lines within words.
func TestWidth(t *testing.T) {
	commands := [][]string{{"--help"}, {"plugins"}}
	for _, name := range []string{"run", "replay", "trace", "test", "check", "probe", "cache", "doctor", "plugins", "config", "graph", "init", "completion", "version", "help"} {
		commands = append(commands, []string{name, "--help"})
	}
	for _, p := range cmd.Plugins() {
		commands = append(commands, []string{"plugins", p.Type})
	}
	for _, args := range commands {
		for line := range strings.Lines(done(t, run(t, args...))) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > 80 || strings.TrimRight(line, " ") != line {
				t.Errorf("%v: over 80 characters or with spaces at its end: %q", args, line)
			}
		}
	}
}
