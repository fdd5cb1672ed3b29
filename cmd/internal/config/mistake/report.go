package mistake

import (
	"cmp"
	"fmt"
	"slices"
)

// Texts holds the lines of the files that were read, for excerpts.
type Texts map[string][]string

// Line returns the line of a place; empty if there is none.
func (t Texts) Line(at Position) string {
	lines := t[at.File]
	if at.Line < 1 || at.Line > len(lines) {
		return ""
	}
	return lines[at.Line-1]
}

// Report gathers mistakes.
type Report struct {
	Texts    Texts
	Files    []string // in the order of reading
	Mistakes Mistakes
	Noted    int // how often one was added, counting those that were left out
	left     int // out of mistakes, since there are maxMistakes
}

// NewReport returns an empty report.
func NewReport() *Report { return &Report{Texts: Texts{}} }

// TwiceHint is the hint for what may be written only once.
const TwiceHint = "remove one of them"

// maxMistakes bounds what is printed. Nobody writes that many by hand.
const maxMistakes = 100

// Add notes a mistake. Message and hint follow "verb object", lower case.
func (r *Report) Add(at Position, hint, format string, args ...any) {
	r.note(false, at, hint, format, args)
}

// Warn notes what works but may not be meant.
func (r *Report) Warn(at Position, hint, format string, args ...any) {
	r.note(true, at, hint, format, args)
}

func (r *Report) note(warning bool, at Position, hint, format string, args []any) {
	r.Noted++
	if r.Full() {
		r.left++
		return
	}
	m := Mistake{
		File: at.File, Line: at.Line, Column: at.Column,
		Message: printable(shorten(fmt.Sprintf(format, args...))),
		Hint:    printable(shorten(hint)),
		Excerpt: r.Texts.Line(at),
		Warning: warning,
	}
	if !slices.Contains(r.Mistakes, m) { // as YAML's aliases repeat it
		r.Mistakes = append(r.Mistakes, m)
	}
}

// Full reports whether more mistakes are only counted.
func (r *Report) Full() bool { return len(r.Mistakes) == maxMistakes }

// Err returns the mistakes in order, or nil if there are none.
func (r *Report) Err() error {
	if len(r.Mistakes) == 0 {
		return nil
	}
	r.Sort()
	switch r.left {
	case 0:
		return r.Mistakes
	case 1:
		return append(r.Mistakes, Mistake{Message: "1 more mistake is not shown"})
	}
	return append(r.Mistakes, Mistake{Message: fmt.Sprintf("%d more mistakes are not shown", r.left)})
}

// Sort puts the mistakes in the order of the files, lines and columns.
func (r *Report) Sort() {
	rank := map[string]int{}
	for i, name := range r.Files {
		rank[name] = i + 1 // what is no file comes first
	}
	slices.SortStableFunc(r.Mistakes, func(a, b Mistake) int {
		return cmp.Or(
			cmp.Compare(rank[a.File], rank[b.File]),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
		)
	})
}
