package syntax

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// explainTOML says in other words what the parser says of a place.
func (d *document) explainTOML(at mistake.Position, message string) complaint {
	line := d.Texts.Line(at)
	says := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(message, part) })
	}
	switch {
	case says("after array value", "after inline table", "is incomplete"):
		if d.isInWord(at) {
			return d.badValue(at)
		}
		if c, ok := d.bracket(at, false); ok {
			return c
		}
	case says("expected '=' after key"):
		return d.noEquals(at)
	case says("strings cannot have new lines", "unterminated ", "not terminated"):
		return complaint{at, "text in quotes has no end", "close it with the quote that it begins with"}
	case says("cannot have leading zeroes"):
		return complaint{at, "number begins with a zero", leadingZeroHint}
	case says("invalid escape character"):
		return complaint{at, "this backslash has no meaning in double quotes", backslashHint}
	case says("expected ']"):
		return d.badHeader(at)
	case says("at start of key"):
		return d.badLine(at)
	case says("expected newline") && strings.HasPrefix(line, "["):
		return d.badHeader(at)
	case says("expected newline"):
		return d.behindValue(at)
	case says("value", "keyword", "quoted", "number", "digit", "radix", "sign"):
		return d.badValue(at)
	}
	return complaint{at, message, ""}
}

// header matches the line of a table or list, with too few brackets or too many.
var header = regexp.MustCompile(`^(\[+)([^\[\]]*)(\]*)(.*)$`)

// badHeader explains the line of a table or list.
func (d *document) badHeader(at mistake.Position) complaint {
	m := header.FindStringSubmatch(d.Texts.Line(at))
	switch {
	case m == nil:
	case strings.TrimSpace(m[4]) != "":
		return complaint{at, "this must stand in a line of its own", ""}
	case len(m[1]) != len(m[3]):
		return complaint{at, "brackets don't match", "write `[[" + strings.TrimSpace(m[2]) + "]]` for a list of stages"}
	}
	return complaint{at, "a name is missing", ""}
}

// badLine explains a line that does not begin as any of TOML does.
func (d *document) badLine(at mistake.Position) complaint {
	line := strings.TrimSpace(d.Texts.Line(at))
	for _, sign := range []string{"//", ";", "--"} {
		if comment, ok := strings.CutPrefix(line, sign); ok {
			return complaint{at, "comments begin with #", "write `# " + strings.TrimSpace(comment) + "`"}
		}
	}
	if strings.HasPrefix(line, "{") {
		return complaint{at, "this is JSON, not TOML", "give the file a name that ends with .json"}
	}
	return complaint{at, "a name is missing", ""}
}

// yamlLine matches what begins a section or an element of a list in YAML.
var yamlLine = regexp.MustCompile(`^\s*([A-Za-z0-9_-]+:\s*(#.*)?$|- )`)

// noEquals explains a key that no equals sign follows.
func (d *document) noEquals(at mistake.Position) complaint {
	line := d.Texts.Line(at)
	key := strings.TrimSpace(string([]rune(line)[:at.Column-1]))
	rest := d.behind(at)
	if yamlLine.MatchString(line) {
		return complaint{at, "this is YAML, not TOML", "give the file a name that ends with .yaml"}
	}
	if value, ok := strings.CutPrefix(strings.TrimSpace(rest), ":"); ok {
		return complaint{at, "`:` stands where `=` must", "write `" + key + " = " + strings.TrimSpace(value) + "`"}
	}
	if strings.HasPrefix(key, `"`) || strings.HasPrefix(key, "'") {
		return complaint{at, "`=` is missing", ""}
	}
	if r, size := utf8.DecodeRuneInString(rest); size > 1 {
		return complaint{at, fmt.Sprintf("`%c` can't stand in a name", r), ""}
	}
	if more, _, ok := strings.Cut(rest, "="); ok {
		return complaint{at, "spaces can't stand in a name", "write `" + strings.Join(strings.Fields(key+" "+more), "_") + "`"}
	}
	return complaint{at, "`=` is missing", "write `" + key + " = " + cmp.Or(strings.TrimSpace(rest), "VALUE") + "`"}
}

// word matches the first word of a value, with what is around it in the line.
var word = regexp.MustCompile(`^(?:\$\{[^}]*\}|[^\s,\]}#])*`)

// typographic are the quotes that word processors make.
const typographic = "“”„‟‘’‚‛«»`´"

// behindValue explains what follows a value in its line. The parser takes 10MiB for
// the number 10 and something more.
func (d *document) behindValue(at mistake.Position) complaint {
	if d.isInWord(at) {
		return d.badValue(at)
	}
	return complaint{at, "this can't stand behind a value", "leave it out, or put quotes around all of it"}
}

// isInWord reports whether a place is inside a word without quotes.
func (d *document) isInWord(at mistake.Position) bool {
	begin := d.valueBegin(at)
	value := word.FindString(d.behind(begin))
	return begin.Column < at.Column && begin.Column+utf8.RuneCountInString(value) > at.Column &&
		!strings.ContainsAny(value, `"'`)
}

// badValue explains a value that is neither text in quotes nor anything else.
func (d *document) badValue(at mistake.Position) complaint {
	begin := d.valueBegin(at)
	rest := d.behind(begin)
	value := word.FindString(rest)
	plain := strings.Trim(value, typographic)
	hint := BoolHint(value)
	switch {
	case strings.HasPrefix(rest, ",") || strings.HasPrefix(rest, "]"):
		return complaint{begin, "a value is missing before `" + rest[:1] + "`", ""}
	case value == "":
		key, _, _ := strings.Cut(d.Texts.Line(at), "=")
		return complaint{begin, "`" + strings.TrimSpace(key) + "` has no value", "write it behind the `=`"}
	case strings.HasPrefix(value, "="):
		return complaint{begin, "`=` stands here twice", mistake.TwiceHint}
	case plain != value:
		return complaint{begin, "these quotes mean nothing in TOML", `write "` + plain + `"`}
	case hint != "":
		return complaint{begin, "`" + value + "` is not a value", hint}
	case strings.HasPrefix(value, ".") && plainNumber.MatchString(value):
		return complaint{begin, "number begins with a point", "write 0" + value}
	}
	return complaint{begin, "text needs quotes", fmt.Sprintf("write %q", value)}
}

// valueBegin returns where the word begins that stands at a place, or the place
// itself.
func (d *document) valueBegin(at mistake.Position) mistake.Position {
	line := []rune(d.Texts.Line(at))
	for at.Column > 1 && at.Column <= len(line)+1 && !strings.ContainsRune(" \t=[,{", line[at.Column-2]) {
		at.Column--
	}
	return at
}
