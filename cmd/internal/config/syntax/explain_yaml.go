package syntax

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// explainYAML says in other words what the parser says of a place.
func (d *document) explainYAML(at mistake.Position, message string) complaint {
	says := func(part string) bool { return strings.Contains(message, part) }
	switch rest := d.behind(at); {
	case says(`'\t'`):
		return complaint{at, "a tab can't stand here", "indent with spaces"}
	case says("invalid key") && strings.HasPrefix(rest, ":"):
		return complaint{at, "text in {} can't begin with a colon", "put quotes around it"}
	case says("unknown escape character"):
		return complaint{at, "this backslash has no meaning in double quotes", backslashHint}
	case says("end character of"):
		return complaint{at, "text in quotes has no end", "close it with the quote that it begins with"}
	case says("is a reserved character"):
		return complaint{at, "text can't begin with this", "put quotes around it"}
	case says("flow map content"):
		return complaint{at, "this is no setting", "write `name: value`, or quotes around text that begins with {"}
	case says("end token"):
		return notClosed(at, rest)
	case strings.HasPrefix(rest, "]"), strings.HasPrefix(rest, "}"):
		if len(d.scan(at, true).open) == 0 {
			return complaint{at, "`" + rest[:1] + "` closes nothing", "leave it out"}
		}
	case strings.HasPrefix(rest, ","):
		return complaint{at, "a value is missing before `,`", ""}
	}
	if says("' must be specified") {
		if c, ok := d.flowVariable(at); ok {
			return c
		}
		if c, ok := d.bracket(at, true); ok {
			return c
		}
	}
	if line := strings.TrimSpace(d.Texts.Line(at)); strings.HasPrefix(line, "//") || strings.HasPrefix(line, "/*") {
		return complaint{at, "comments begin with #", "write `# " + strings.Trim(line, "/* ") + "`"}
	}
	if c, ok := d.noSpace(at); ok {
		return c
	}
	if c, ok := d.indentation(at.Line + 1); ok && (c.message == noColon || c.at.Line >= at.Line-1) {
		return c
	}
	return d.badEntry(at, message)
}

// flowVariable explains a variable without quotes in [] or {}, where its own braces
// are YAML's.
func (d *document) flowVariable(at mistake.Position) (complaint, bool) {
	line := []rune(d.Texts.Line(at))
	i := at.Column - 1
	if i < 1 || i >= len(line) || line[i-1] != '$' || line[i] != '{' {
		return complaint{}, false
	}
	at.Column--
	variable, _, _ := strings.Cut(string(line[i-1:]), "}")
	return complaint{at, "a variable needs quotes in [] and {}", fmt.Sprintf(`write "%s}"`, variable)}, true
}

// These match lines that lack what they are called by, or have too much of it.
var (
	dashWithoutSpace = regexp.MustCompile(`^\s*-([A-Za-z0-9_"'{[].*)$`)
	twoColons        = regexp.MustCompile(`^\s*(?:- )*([A-Za-z_][A-Za-z0-9_-]*): +([^"'\[{].*: .*)$`)
	behindQuote      = regexp.MustCompile(`["']\s*$`)
	withoutSpace     = regexp.MustCompile(`^\s*(?:- )*([A-Za-z_][A-Za-z0-9_-]*):(\S.*)$`)
	withoutColon     = regexp.MustCompile(`^\s*(?:- )*([A-Za-z_][A-Za-z0-9_-]*)[ =]+(\S.*)$`)
	onlyName         = regexp.MustCompile(`^\s*(?:- )*([A-Za-z_][A-Za-z0-9_-]*)\s*(?:#.*)?$`)
)

const noColon = "a colon is missing"

// noSpace explains a line in which a colon or a dash is taken for a part of text.
func (d *document) noSpace(at mistake.Position) (complaint, bool) {
	line := d.Texts.Line(at)
	if m := withoutSpace.FindStringSubmatch(line); m != nil {
		return complaint{at, "a space is missing behind the colon", "write `" + m[1] + ": " + m[2] + "`"}, true
	}
	if m := dashWithoutSpace.FindStringSubmatch(line); m != nil {
		return complaint{at, "a space is missing behind the dash", "write `- " + m[1] + "`"}, true
	}
	return complaint{}, false
}

// badEntry explains a line that is no key with a value.
func (d *document) badEntry(at mistake.Position, message string) complaint {
	line := d.Texts.Line(at)
	if message == "non-map value is specified" || message == "unexpected key name" {
		if m := withoutColon.FindStringSubmatch(line); m != nil {
			return complaint{at, noColon, "write `" + m[1] + ": " + m[2] + "`"}
		}
		if c, ok := d.bareName(at.Line); ok {
			return c
		}
		return complaint{at, "this is no setting", "write `name: value`"}
	}
	if m := twoColons.FindStringSubmatch(line); m != nil {
		return complaint{at, "a second colon stands in this line", "put quotes around text: `" + m[1] + ": " + quote(m[2]) + "`"}
	}
	if strings.HasSuffix(message, "pre-defined") && behindQuote.MatchString(string([]rune(line)[:at.Column-1])) {
		return complaint{at, "text goes on behind its closing quote", "put quotes around all of it"}
	}
	if strings.HasPrefix(message, "value is not allowed in this context") {
		return complaint{at, "this can't stand here", "look at the indentation, here and above"}
	}
	return complaint{at, message, ""}
}

// opensBlock matches lines behind which others may be indented deeper.
var opensBlock = regexp.MustCompile(`(:|^-|\s-)(\s+[&!]\S*)*\s*(#.*)?$`)

// severalLines matches lines that begin text of several lines.
var severalLines = regexp.MustCompile(`[:-]\s+[|>][-+0-9]*\s*(#.*)?$`)

// block is a list, or settings with names, that a line is in.
type block struct {
	column int
	isList bool
}

// indentation looks for a line, up to the given one, whose indentation fits nothing
// above, or would if the one above ended with a colon. It gives up at values that go over
// several lines.
func (d *document) indentation(last int) (complaint, bool) {
	var open []block
	opens := true // the line before may have a block inside
	above := 0    // number of that line
	lines := d.Texts[d.name]
	values := scanner{quotesOverLines: true}
	for i, line := range lines[:min(last, len(lines))] {
		text := strings.TrimLeft(line, " ")
		if text == "" || text[0] == '#' {
			continue
		}
		values.line(d.at(i+1, 1), []rune(line))
		if severalLines.MatchString(line) || text[0] == '\t' || len(values.open) > 0 || values.inside != nil {
			return complaint{}, false
		}
		b := block{len(line) - len(text), text == "-" || strings.HasPrefix(text, "- ")}
		message, hint := "", ""
		if open, message, hint = enter(open, b, opens); message != "" {
			if c, ok := d.bareName(above); ok && message == deeper {
				return c, true
			}
			return complaint{d.at(i+1, b.column+1), message, hint}, true
		}
		for strings.HasPrefix(text, "- ") {
			rest := strings.TrimLeft(text[1:], " ")
			b = block{b.column + len(text) - len(rest), strings.HasPrefix(rest, "- ")}
			open = append(open, b)
			text = rest
		}
		opens, above = opensBlock.MatchString(text) || text == "-", i+1
	}
	return complaint{}, false
}

// bareName explains a line that is a name without a colon behind it.
func (d *document) bareName(line int) (complaint, bool) {
	text := d.Texts.Line(d.at(line, 1))
	m := onlyName.FindStringSubmatchIndex(text)
	if m == nil {
		return complaint{}, false
	}
	name := text[m[2]:m[3]]
	return complaint{d.at(line, m[3]+1), noColon, "write `" + name + ":`"}, true
}

// deeper is what is said of a line that is in nothing.
const deeper = "line is indented deeper than the one above, which has a value already"

// enter returns the open blocks after a line that begins with an entry of b, or what
// is wrong with its indentation.
func enter(open []block, b block, opens bool) (_ []block, message, hint string) {
	var left []block // innermost last
	for len(open) > 0 && open[len(open)-1].column > b.column {
		left = append(left, open[len(open)-1])
		open = open[:len(open)-1]
	}
	if len(open) == 0 || open[len(open)-1].column < b.column {
		switch {
		case len(left) > 0:
			return open, fmt.Sprintf("indentation by %d spaces fits no line above", b.column), indentHint(open, left)
		case !opens:
			return open, deeper, indentHint(open[len(open)-1:], nil)
		}
		return append(open, b), "", ""
	}
	top := open[len(open)-1]
	switch {
	case top.isList == b.isList:
	case b.isList && opens && len(left) == 0:
		open = append(open, b) // a list may stand as deep as its name
	case b.isList:
		return open, "list element stands among settings", indentHint(sameKind(open, true), nil)
	case len(open) > 1 && open[len(open)-2].column == b.column:
		open = open[:len(open)-1]
	default:
		return open, "setting stands among list elements", indentHint(nil, sameKind(left, false))
	}
	return open, "", ""
}

func sameKind(blocks []block, isList bool) []block {
	return slices.DeleteFunc(slices.Clone(blocks), func(b block) bool { return b.isList != isList })
}

// indentHint names the columns of the outermost block that was left and of the
// innermost that is open.
func indentHint(open, left []block) string {
	var columns []string
	if len(left) > 0 {
		columns = append(columns, strconv.Itoa(left[len(left)-1].column))
	}
	if len(open) > 0 {
		columns = append(columns, strconv.Itoa(open[len(open)-1].column))
	}
	if len(columns) == 0 {
		return ""
	}
	return "indent by " + strings.Join(columns, " or ") + " spaces"
}
