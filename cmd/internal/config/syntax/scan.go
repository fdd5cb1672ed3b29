package syntax

import (
	"fmt"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// bracket says what is wrong with brackets at a place where a comma or the end of a
// list is missing. It reports whether there is an open one.
func (d *document) bracket(at mistake.Position, quotesOverLines bool) (complaint, bool) {
	s := d.scan(at, quotesOverLines)
	if q := s.quote; q.end.Line == at.Line && q.at.Line < at.Line {
		return complaint{
			q.at, fmt.Sprintf("quoted text does not end until line %d", q.end.Line),
			"close it with `" + string(q.sign) + "` on this line",
		}, true
	}
	if len(s.open) == 0 {
		return complaint{}, false
	}
	opener := s.open[len(s.open)-1]
	closer := map[rune]string{'[': "]", '{': "}"}[opener.sign]
	if d.isOver(opener.at, at) {
		return complaint{opener.at, fmt.Sprintf("`%c` is not closed", opener.sign), "write `" + closer + "` where it ends"}, true
	}
	return complaint{at, "`,` or `" + closer + "` is missing before this", ""}, true
}

// isOver reports whether what began at one place must have ended before the other,
// which is in a later line that is indented no more.
func (d *document) isOver(from, at mistake.Position) bool {
	return at.Line > from.Line && indentOf(d.Texts.Line(at)) <= indentOf(d.Texts.Line(from))
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// sign is a bracket or a quote, with where it stands and where it ended.
type sign struct {
	sign    rune
	at, end mistake.Position
}

// scanner looks for brackets and quotes in lines, one after another. It knows as much
// of YAML and TOML as they have in common: a quote within a word, and what follows #,
// are none.
type scanner struct {
	quotesOverLines bool

	open  []sign // brackets that are open
	quote sign   // the last that ended

	inside  *sign // the quote that is open
	escaped bool  // by a backslash before
	comment bool  // to the end of the line
	before  rune  // the character before, in the line
}

// scan returns what stands open at a place.
func (d *document) scan(to mistake.Position, quotesOverLines bool) *scanner {
	s := &scanner{quotesOverLines: quotesOverLines}
	lines := d.Texts[d.name]
	for i, line := range lines[:min(to.Line, len(lines))] {
		s.begin()
		at := d.at(i+1, 1)
		for _, r := range line {
			if at == to {
				return s
			}
			s.next(r, at)
			at.Column++
		}
	}
	return s
}

// begin begins a line.
func (s *scanner) begin() {
	if !s.quotesOverLines {
		s.inside = nil
	}
	s.escaped, s.comment, s.before = false, false, ' '
}

// next goes on to the next character of a line.
func (s *scanner) next(r rune, at mistake.Position) {
	before := s.before
	s.before = r
	s.comment = s.comment || r == '#' && s.inside == nil && (before == ' ' || before == '\t')
	switch {
	case s.comment:
	case s.escaped:
		s.escaped = false
	case s.inside != nil && r == s.inside.sign:
		s.inside.end = at
		s.quote, s.inside = *s.inside, nil
	case s.inside != nil:
		s.escaped = r == '\\' && s.inside.sign == '"'
	case (r == '"' || r == '\'') && strings.ContainsRune(" \t[{,:=(", before):
		s.inside = &sign{sign: r, at: at}
	case r == '[' || r == '{':
		s.open = append(s.open, sign{sign: r, at: at})
	case (r == ']' || r == '}') && len(s.open) > 0:
		s.open = s.open[:len(s.open)-1]
	}
}
