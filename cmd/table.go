package cmd

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/pmtud/pmtud/pipeline/setting"
)

// width is the most characters that a line of help or of a table has: those of a plain
// terminal. It does not depend on the terminal, so that output can be compared.
const width = 80

// table returns rows with aligned columns. The last column is wrapped between words.
func table(rows [][]string) []string {
	var starts [][]string
	for _, row := range rows {
		// An empty last cell has the cells before it filled up with spaces.
		starts = append(starts, append(row[:len(row)-1:len(row)-1], ""))
	}
	var lines []string
	for i, start := range align(starts) {
		lines = append(lines, hang(start, rows[i][len(rows[i])-1])...)
	}
	return lines
}

// align returns a line for each row, with columns two spaces apart.
func align(rows [][]string) []string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
}

// hang returns text behind start, and its further lines below its first one.
func hang(start, text string) []string {
	indent := utf8.RuneCountInString(start)
	lines := setting.Wrap(text, width-indent)
	for i := range lines {
		lines[i] = start + lines[i]
		start = strings.Repeat(" ", indent)
	}
	return lines
}
