package syntax

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

const (
	nameOf  = `^\s*(?:- )*([A-Za-z_][A-Za-z0-9_-]*)` // a line that begins with a name
	noColon = "a colon is missing"
	noEntry = `non-map value is specified|unexpected key name`
)

// yamlRules explain what YAML's parser says of a place, which often is where it gave up.
var yamlRules = []rule{
	{says: `'\\t'`, message: "a tab is not allowed here", hint: "indent with spaces"},
	{says: "invalid key", line: `^\s*(?:- )*:`, message: "a name is missing before the colon", hint: "write `name: value`"},
	{says: "invalid key", rest: "^:", message: "text in {} can't begin with a colon", hint: "put quotes around it"},
	{says: "unknown escape character", message: "this backslash has no meaning in double quotes", hint: backslashHint},
	{says: "end character of", message: "quoted text is not closed", hint: "close it with the quote that it starts with"},
	{says: "is a reserved character", message: "text can't begin with this", hint: "put quotes around it"},
	{says: "flow map content", message: "this is not a setting", hint: "write `name: value`, or quotes around text that begins with {"},
	{says: "end token '(.)'", rest: `^(\[)`, message: "`$1` is not closed", hint: "write `]` where it ends"},
	{says: "end token '(.)'", rest: `^({)`, message: "`$1` is not closed", hint: "write `}` where it ends"},
	{rest: "^,", message: "a value is missing before `,`"},
	{line: `^\s*(?://+|/\*)\s*(.*?)[/* ]*$`, message: "comments begin with #", hint: "write `# $1`"},
	{line: nameOf + `:(\S.*)$`, message: "a space is missing after the colon", hint: "write `$1: $2`"},
	{line: `^\s*-([A-Za-z0-9_"'{[].*)$`, message: "a space is missing after the dash", hint: "write `- $1`"},
	{says: noEntry, line: nameOf + `[ =]+([^#\s].*)$`, message: noColon, hint: "write `$1: $2`"},
	{says: noEntry, line: `^\s*- `, message: "a list element among settings", hint: "check the indentation here and above"},
	{says: "mapping value is not allowed", line: nameOf + `: +([^"'\[{].*: .*)$`, message: "there is a second colon on this line", hint: "put quotes around the text: `$1: \"$2\"`"},
	{says: "pre-defined", line: `["'].*["']`, message: "text continues after its closing quote", hint: "put quotes around all of it"},
}

// explainYAML says in other words what the parser says of a place.
func (d *document) explainYAML(at mistake.Position, message string) complaint {
	if d.Texts.Line(at) == "" {
		return complaint{at, message, ""}
	}
	for _, look := range []func(mistake.Position, string) (complaint, bool){d.yamlBracket, d.bareName, d.yamlRule, d.indentation} {
		if c, ok := look(at, message); ok {
			return c
		}
	}
	switch {
	case regexp.MustCompile(noEntry).MatchString(message):
		return complaint{at, "this is not a setting", "write `name: value`"}
	case strings.Contains(message, "value is not allowed in this context"):
		return complaint{at, "this is not allowed here", "check the indentation here and above"}
	}
	return complaint{at, message, ""}
}

func (d *document) yamlRule(at mistake.Position, message string) (complaint, bool) {
	return d.explain(yamlRules, at, message)
}

// yamlBracket explains a place where a bracket is missing, or one too many.
func (d *document) yamlBracket(at mistake.Position, message string) (complaint, bool) {
	rest := d.behind(at)
	isCloser := strings.HasPrefix(rest, "]") || strings.HasPrefix(rest, "}")
	if isCloser && len(d.scan(at, true).open) == 0 {
		return complaint{at, "`" + rest[:1] + "` closes nothing", "remove it"}, true
	}
	if !strings.Contains(message, "' must be specified") || strings.HasPrefix(rest, ",") {
		return complaint{}, false
	}
	if before := d.at(at.Line, at.Column-1); strings.HasPrefix(d.behind(before), "${") && at.Column > 1 {
		variable, _, _ := strings.Cut(d.behind(before), "}")
		return complaint{before, "a variable needs quotes in [] and {}", fmt.Sprintf(`write "%s}"`, variable)}, true
	}
	return d.bracket(at, true)
}

// onlyName matches a line that is a name without a colon.
var onlyName = regexp.MustCompile(nameOf + `\s*(?:#.*)?$`)

// bareName looks for a name without a colon: in the line of a place, or above it with a
// block inside, which makes it text of several lines for the parser.
func (d *document) bareName(at mistake.Position, message string) (complaint, bool) {
	lines := d.Texts[d.name][:at.Line]
	inside := len(lines[at.Line-1]) // indentation of what follows
	for i := at.Line - 1; i >= 0; i-- {
		m := onlyName.FindStringSubmatchIndex(lines[i])
		isHere := i == at.Line-1 && regexp.MustCompile(noEntry).MatchString(message)
		if m != nil && (isHere || i < at.Line-1 && inside > indentOf(lines[i])) {
			return complaint{d.at(i+1, m[3]+1), noColon, "write `" + lines[i][m[2]:m[3]] + ":`"}, true
		}
		if strings.TrimSpace(lines[i]) != "" {
			inside = indentOf(lines[i])
		}
	}
	return complaint{}, false
}

// indentation explains a line that is indented as nothing above, or deeper than a line
// that has a value already.
func (d *document) indentation(at mistake.Position, message string) (complaint, bool) {
	lines := d.Texts[d.name]
	open := []int{} // columns of the blocks around, innermost last
	for _, line := range lines[:at.Line-1] {
		open = append(leave(open, indentOf(line)), columns(line)...)
	}
	line := lines[at.Line-1]
	if strings.Contains(message, "mapping value is not allowed") && at.Line < len(lines) {
		if own := columns(line); indentOf(lines[at.Line]) > own[len(own)-1] {
			return complaint{
				d.at(at.Line+1, indentOf(lines[at.Line])+1), "line is indented deeper than the one above, which already has a value",
				fmt.Sprintf("indent by %d spaces", own[len(own)-1]),
			}, true
		}
	}
	column := indentOf(line)
	fits := append(leave(slices.Clone(open), column), column)
	if len(fits) > len(open) || slices.Contains(open, column) {
		return complaint{}, false
	}
	hint := fmt.Sprintf("indent by %d", open[len(fits)-1])
	if len(fits) > 1 {
		hint += fmt.Sprintf(" or %d", fits[len(fits)-2])
	}
	return complaint{d.at(at.Line, column+1), fmt.Sprintf("indentation of %d spaces matches no line above", column), hint + " spaces"}, true
}

// leave returns the blocks that are open behind a line which is indented to a column.
func leave(open []int, column int) []int {
	for len(open) > 0 && open[len(open)-1] >= column {
		open = open[:len(open)-1]
	}
	return open
}

// columns returns where blocks begin in a line: that of a list and of its element, or that
// of a setting.
func columns(line string) (all []int) {
	text := strings.TrimLeft(line, " ")
	for text != "" && text[0] != '#' {
		all = append(all, len(line)-len(text))
		if !strings.HasPrefix(text, "- ") {
			break
		}
		text = strings.TrimLeft(text[1:], " ")
	}
	return all
}
