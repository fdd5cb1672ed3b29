package diagnose

import (
	"os"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// colours of a terminal, as its users may set them.
var colours = mistake.Style{Place: "1", Message: "31", Hint: "32", Margin: "34", Caret: "1;31"}

// Text returns mistakes as readable text, coloured if that suits their terminal.
func Text(mistakes config.Mistakes, terminal bool) string {
	var style mistake.Style
	if terminal && wantsColour() {
		style = colours
	}
	texts := make([]string, len(mistakes))
	for i, m := range mistakes {
		texts[i] = m.Text(style)
	}
	return strings.Join(texts, "\n")
}

// wantsColour asks the environment as https://no-color.org has it.
func wantsColour() bool {
	switch os.Getenv("TERM") {
	case "", "dumb":
		return false
	}
	return os.Getenv("NO_COLOR") == ""
}
