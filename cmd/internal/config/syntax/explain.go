package syntax

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// complaint is what is said of a mistake of syntax, and where.
type complaint struct {
	at            mistake.Position
	message, hint string
}

// rule has better words for what a parser says of a place.
type rule struct {
	says          string // matches what the parser says
	rest          string // matches what stands at the place and behind it in the line
	line          string // matches the whole line
	message, hint string // with $1 for what line, or else rest, matches in brackets
}

// explain returns what the first rule that matches has to say. Rules are compiled here,
// since hardly any file needs them.
func (d *document) explain(rules []rule, at mistake.Position, says string) (complaint, bool) {
	line, rest := d.Texts.Line(at), d.behind(at)
	for _, r := range rules {
		if !regexp.MustCompile(r.says).MatchString(says) || !regexp.MustCompile(r.rest).MatchString(rest) {
			continue
		}
		pattern, text := regexp.MustCompile(r.line), line
		if r.line == "" {
			pattern, text = regexp.MustCompile(r.rest), rest
		}
		if m := pattern.FindStringSubmatchIndex(text); m != nil {
			fill := func(template string) string { return string(pattern.ExpandString(nil, template, text, m)) }
			return complaint{at, fill(r.message), fill(r.hint)}, true
		}
	}
	return complaint{}, false
}

// complain notes a mistake of syntax, unless there is one that no parser finds.
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
			return complaint{d.at(i+1, 1), "this is an unresolved merge conflict", "keep one of the two versions, and remove the marker lines"}, true
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
		return complaint{at, fmt.Sprintf("this is %U, not a plain space", r), "write a plain space"}, true
	case unicode.Is(unicode.Cf, r):
		return complaint{at, fmt.Sprintf("there is an invisible character here, %U", r), "remove it"}, true
	}
	return complaint{}, false
}

// behind returns what stands at a place and behind it in the line.
func (d *document) behind(at mistake.Position) string {
	line := []rune(d.Texts.Line(at))
	return string(line[min(max(0, at.Column-1), len(line)):])
}

// backslashHint says what to write instead of an unknown escape.
const backslashHint = `write \\ for a backslash, or put the text in single quotes`

// BoolHint returns what to write for a word that means true or false elsewhere.
func BoolHint(word string) string {
	switch strings.ToLower(word) {
	case "yes", "on", "true", "1":
		return "write true"
	case "no", "off", "false", "0":
		return "write false"
	}
	return ""
}
