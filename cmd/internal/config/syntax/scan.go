package syntax

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// complaint is what is said of a mistake of syntax, and where. Parsers notice many
// only later, and tell them in their own words.
type complaint struct {
	at            mistake.Position
	message, hint string
}

// complain notes a mistake of syntax.
func (d *document) complain(c complaint) {
	if odd, ok := d.oddSpace(c.at); ok {
		c = odd
	}
	if conflict, ok := d.conflict(); ok {
		c = conflict
	}
	d.Add(c.at, c.hint, "%s", c.message)
}

// conflict looks for what a version control system leaves of two versions.
func (d *document) conflict() (complaint, bool) {
	for i, line := range d.Texts[d.name] {
		if strings.HasPrefix(line, "<<<<<<< ") || strings.HasPrefix(line, ">>>>>>> ") {
			return complaint{d.at(i+1, 1), "two versions were merged and conflict here", "leave one of them, without the lines around"}, true
		}
	}
	return complaint{}, false
}

// oddSpace looks for a character that looks like a space, or like nothing, and is none
// to a parser: in a line and before the text of those above. Texts that were copied from
// web pages hold such.
func (d *document) oddSpace(at mistake.Position) (complaint, bool) {
	s := scanner{quotesOverLines: !at.IsTOML()}
	lines := d.Texts[d.name]
	for i, line := range lines[:max(0, min(at.Line, len(lines)))] {
		s.begin()
		here, isIndent := d.at(i+1, 1), true
		for _, r := range line {
			isIndent = isIndent && unicode.IsSpace(r)
			if c, ok := odd(r, here); ok && s.inside == nil && (isIndent || here.Line == at.Line) {
				return c, true
			}
			s.next(r, here)
			here.Column++
		}
	}
	return complaint{}, false
}

// odd explains such a character.
func odd(r rune, at mistake.Position) (complaint, bool) {
	switch {
	case unicode.Is(unicode.Zs, r) && r != ' ':
		return complaint{at, fmt.Sprintf("this is no plain space, but the character %U", r), "write a plain space"}, true
	case unicode.Is(unicode.Cf, r):
		return complaint{at, fmt.Sprintf("an invisible character, %U, stands here", r), "leave it out"}, true
	}
	return complaint{}, false
}

// behind returns what stands at a place and behind it in the line.
func (d *document) behind(at mistake.Position) string {
	line := []rune(d.Texts.Line(at))
	return string(line[min(max(0, at.Column-1), len(line)):])
}

// bracket says what is wrong with brackets at a place where a comma or the end of a
// list is missing. It reports whether there is an open one.
func (d *document) bracket(at mistake.Position, quotesOverLines bool) (complaint, bool) {
	s := d.scan(at, quotesOverLines)
	if q := s.quote; q.end.Line == at.Line && q.at.Line < at.Line {
		return complaint{
			q.at, fmt.Sprintf("text in quotes ends only in line %d", q.end.Line),
			"close it with `" + string(q.sign) + "` in its own line",
		}, true
	}
	if len(s.open) == 0 {
		return complaint{}, false
	}
	opener := s.open[len(s.open)-1]
	if d.isOver(opener.at, at) {
		return notClosed(opener.at, string(opener.sign)), true
	}
	return complaint{at, fmt.Sprintf("`,` or `%s` is missing before this", closer(string(opener.sign))), ""}, true
}

// notClosed is for a bracket that the text at a place begins with.
func notClosed(at mistake.Position, text string) complaint {
	return complaint{at, "`" + text[:1] + "` is not closed", "write `" + closer(text) + "` where it ends"}
}

func closer(text string) string {
	if strings.HasPrefix(text, "[") {
		return "]"
	}
	return "}"
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
	for i, line := range lines[:min(to.Line-1, len(lines))] {
		s.line(d.at(i+1, 1), []rune(line))
	}
	last := []rune(d.Texts.Line(to))
	s.line(d.at(to.Line, 1), last[:min(max(0, to.Column-1), len(last))])
	return s
}

// line goes on through a line that begins at a place.
func (s *scanner) line(at mistake.Position, line []rune) {
	s.begin()
	for _, r := range line {
		s.next(r, at)
		at.Column++
	}
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
	s.comment = s.comment || r == '#' && s.inside == nil && (s.before == ' ' || s.before == '\t')
	if !s.comment {
		s.char(r, s.before, at)
		s.before = r
	}
}

func (s *scanner) char(r, before rune, at mistake.Position) {
	switch {
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

// backslashHint says what to write instead of an unknown escape.
const backslashHint = `write \\ for a backslash, or put the text in single quotes`
