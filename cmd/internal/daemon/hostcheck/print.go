package hostcheck

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// HasProblem reports whether anything found will not work.
func HasProblem(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Level == Problem })
}

// Print prints a line for each finding, and what to do about it below.
func Print(out io.Writer, findings []Finding) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		fmt.Fprintf(w, "%v\t%s %s\n", f.Level, f.Subject, f.State)
		if f.Advice != "" {
			fmt.Fprintf(w, "\t-> %s\n", f.Advice)
		}
	}
	return w.Flush()
}
