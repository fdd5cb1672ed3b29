package hostcheck

import (
	"fmt"
	"io"
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/columns"
)

// HasProblem reports whether anything found will not work.
func HasProblem(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Level == Problem })
}

// Indent is where the text of a finding begins.
const Indent = len("problem  ")

// Print prints a line for each finding, and what to do about it below.
func Print(out io.Writer, findings []Finding) error {
	var rows [][]string
	for _, f := range findings {
		rows = append(rows, []string{f.Level.String(), f.Subject + " " + f.State})
		if f.Advice != "" {
			rows = append(rows, []string{"", "-> " + f.Advice})
		}
	}
	for _, line := range columns.Align(rows) {
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}
