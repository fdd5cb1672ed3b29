package syntax

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// tomlRules are for what TOML's parser says of a place. Its own words are good as they
// are where people know TOML; these are for those who do not.
var tomlRules = []rule{
	{says: "expected '=' after key", line: `^\s*([A-Za-z0-9_-]+:\s*(#.*)?$|- )`, message: "this is YAML, not TOML", hint: "rename the file so that it ends in .yaml"},
	{says: "expected '=' after key", line: `^\s*(\S+?)\s*:\s*(.*)$`, message: "`:` instead of `=`", hint: "write `$1 = $2`"},
	{says: "expected '=' after key", line: `^\s*([A-Za-z0-9_-]+)\s+([^=]+)$`, message: "`=` is missing", hint: "write `$1 = $2`"},
	{says: "at start of key", line: `^\s*(?://|;|--)\s*(.*)$`, message: "comments begin with #", hint: "write `# $1`"},
	{says: "at start of key", line: `^\s*\{`, message: "this is JSON, not TOML", hint: "rename the file so that it ends in .json"},
	{says: "strings cannot have new lines|unterminated |not terminated", message: "quoted text is not closed", hint: "close it with the quote that it starts with"},
	{says: `U\+000A at start of value|expected value but got`, message: "a value is missing"},
	{says: "cannot have leading zeroes", message: "number begins with a zero", hint: leadingZeroHint},
	{says: "invalid escape character", message: "this backslash has no meaning in double quotes", hint: backslashHint},
}

// valueMistake matches what the parser says of values, of which it finds some only at
// their end: it takes 10MiB for the number 10 and something more.
var valueMistake = regexp.MustCompile("value|keyword|quoted|number|digit|radix|sign|is incomplete|expected newline")

// explainTOML says in other words what the parser says of a place.
func (d *document) explainTOML(at mistake.Position, message string) complaint {
	if c, ok := d.explain(tomlRules, at, message); ok {
		return c
	}
	isBetween := strings.Contains(message, "after array value") || strings.Contains(message, "after inline table")
	if c, ok := d.badWord(at); ok && valueMistake.MatchString(message) && (!isBetween || c.at != at) {
		return c
	}
	if c, ok := d.bracket(at, false); ok && isBetween {
		return c
	}
	return complaint{at, message, ""}
}

// word matches the first word of a value, with what is around it in the line.
var word = regexp.MustCompile(`^(?:\$\{[^}]*\}|[^\s,\]}#])*`)

// typographic are the quotes that word processors make.
const typographic = "“”„‟‘’‚‛«»`´"

// badWord explains a place within or before a word that is neither text in quotes nor any
// other value.
func (d *document) badWord(at mistake.Position) (complaint, bool) {
	begin := d.valueBegin(at)
	value := word.FindString(d.behind(begin))
	plain := strings.Trim(value, typographic)
	switch hint := BoolHint(value); {
	case begin.Column+utf8.RuneCountInString(value) <= at.Column || strings.ContainsAny(value, `"'=`):
		return complaint{}, false
	case plain != value:
		return complaint{begin, "these are not TOML quotes", `write "` + plain + `"`}, true
	case hint != "":
		return complaint{begin, "`" + value + "` is not a value", hint}, true
	}
	return complaint{begin, "text needs quotes", fmt.Sprintf("write %q", value)}, true
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
