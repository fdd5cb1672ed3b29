package cmd_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pmtud/pmtud/cmd"
)

// TestWidth checks that help, descriptions of plugins and what init writes fit a terminal of 80 columns,
// which would break longer lines within words.
func TestWidth(t *testing.T) {
	commands := [][]string{{"--help"}, {"plugins"}, {"init", "--host=false"}}
	for _, c := range cmd.RootCommand().Commands() {
		if !c.Hidden {
			commands = append(commands, []string{c.Name(), "--help"})
		}
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
