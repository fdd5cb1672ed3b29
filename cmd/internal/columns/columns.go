// Package columns fits text and tables to a plain terminal.
package columns

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/pmtud/pmtud/pipeline/setting"
)

// Width is the most characters that a line of help or of a table has: those of a plain
// terminal. It does not depend on the terminal, so that output can be compared.
const Width = 80

// Table returns rows with aligned columns. The last column is wrapped between words.
func Table(rows [][]string) []string {
	var starts [][]string
	for _, row := range rows {
		// An empty last cell has the cells before it filled up with spaces.
		starts = append(starts, append(row[:len(row)-1:len(row)-1], ""))
	}
	var lines []string
	for i, start := range Align(starts) {
		lines = append(lines, Hang(start, rows[i][len(rows[i])-1])...)
	}
	return lines
}

// Align returns a line for each row, with columns two spaces apart.
func Align(rows [][]string) []string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // a strings.Builder takes everything
	if len(rows) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
}

// Hang returns text behind start, and its further lines below its first one.
func Hang(start, text string) []string {
	indent := utf8.RuneCountInString(start)
	lines := setting.Wrap(text, Width-indent)
	for i := range lines {
		lines[i] = start + lines[i]
		start = strings.Repeat(" ", indent)
	}
	return lines
}
