package replaytest

import (
	"fmt"
	"io"
	"strings"
)

// Print writes a result in readable form.
func (r Result) Print(w io.Writer) error {
	word := "ok  "
	if len(r.Failures) > 0 {
		word = "FAIL"
	}
	text := fmt.Sprintf("%s  %s: %s\n", word, r.File, r.Test)
	for _, path := range r.Renewed {
		text += "      " + path + " renewed\n"
	}
	for _, failure := range r.Failures {
		text += "      " + strings.ReplaceAll(failure, "\n", "\n      ") + "\n"
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("print result: %w", err)
	}
	return nil
}
