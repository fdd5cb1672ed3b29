package kernels

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// table has the results on each kernel.
type table [][]result

// cell says in a few words how the tests went.
func (r result) cell() string {
	s := fmt.Sprintf("%d passed", r.Passed)
	if n := len(r.Skipped); n > 0 {
		s += fmt.Sprintf(", %d skipped", n)
	}
	if r.Error != "" {
		s = "FAILED: " + r.Error
		if len(r.Failed) > 0 {
			s = "FAILED " + strings.Join(r.outermost(), ", ")
		}
	}
	return fmt.Sprintf("%s, %d s", s, r.Seconds)
}

// outermost returns the failed tests that are not inside of others.
func (r result) outermost() []string {
	return slices.DeleteFunc(slices.Clone(r.Failed), func(name string) bool { return strings.Contains(name, "/") })
}

func (t table) failed() bool {
	return slices.ContainsFunc(slices.Concat(t...), func(r result) bool { return r.Error != "" })
}

// write writes the output of failed tests, then the table in Markdown, and what was skipped.
func (t table) write(w io.Writer) {
	all := slices.Concat(t...)
	for _, r := range all {
		if r.Error != "" {
			fmt.Fprintf(w, "=== %s on %s: %s\n%s\n", r.Package, r.Kernel, r.Error, r.Output)
		}
	}
	fmt.Fprint(w, "| package |")
	for _, kernel := range t {
		fmt.Fprintf(w, " %s |", kernel[0].Kernel)
	}
	fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("---|", len(t)))
	var names []string
	for _, r := range all {
		if !slices.Contains(names, r.Package) {
			names = append(names, r.Package)
		}
	}
	for _, name := range names {
		fmt.Fprintf(w, "| %s |", name)
		for _, kernel := range t {
			fmt.Fprintf(w, " %s |", cellOf(kernel, name))
		}
		fmt.Fprintln(w)
	}
	writeSkipped(w, all)
}

func cellOf(kernel []result, name string) string {
	i := slices.IndexFunc(kernel, func(r result) bool { return r.Package == name })
	if i < 0 {
		return "did not run"
	}
	return kernel[i].cell()
}

// writeSkipped writes why tests were skipped, those with one reason together.
func writeSkipped(w io.Writer, all []result) {
	var lines []string
	for _, r := range all {
		for _, s := range r.Skipped {
			line := fmt.Sprintf("- %s %s: %s", r.Package, s.Test, s.Why)
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) > 0 {
		fmt.Fprintf(w, "\nSkipped:\n\n%s\n", strings.Join(lines, "\n"))
	}
}
