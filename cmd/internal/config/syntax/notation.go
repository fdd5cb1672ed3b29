package syntax

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// Notation is how a format writes scalars and keys.
type Notation struct {
	Key    func(string) string
	text   func(string) string
	number func(Number) string
	Is     string // between key and value
}

// The formats.
var (
	YAML = Notation{yamlText, yamlText, yamlNumber, ": "}
	TOML = Notation{tomlKey, quote, tomlNumber, " = "}
	JSON = Notation{jsonText, jsonText, jsonNumber, ": "}
)

// NotationAt returns how values are written in the file of a place.
func NotationAt(at mistake.Position) Notation {
	switch {
	case at.IsTOML():
		return TOML
	case at.IsJSON():
		return JSON
	}
	return YAML
}

// Text returns text as a value, in which no variables are found.
func (n Notation) Text(text string) string { return n.text(escape(text)) }

// Pair returns a key with its value.
func (n Notation) Pair(key string, value any) string { return n.Key(key) + n.Is + n.Value(value) }

// Value returns a value in one line.
func (n Notation) Value(value any) string {
	switch v := value.(type) {
	case bool:
		return strconv.FormatBool(v)
	case Number:
		return n.number(v)
	case json.Number:
		return n.number(Number(v))
	case List:
		return "[" + joined(v, func(item *Node) string { return n.Value(item.Value) }) + "]"
	case []any:
		return "[" + joined(v, n.Value) + "]"
	case Table:
		return "{" + joined(v, func(child *Node) string { return n.Pair(child.Name, child.Value) }) + "}"
	}
	return n.Text(fmt.Sprint(value))
}

// joined returns the texts of some items with commas between them.
func joined[T any](items []T, text func(T) string) string {
	var texts []string
	for _, item := range items {
		texts = append(texts, text(item))
	}
	return strings.Join(texts, ", ")
}

// escape writes text so that no variables are found in it.
func escape(text string) string {
	var b strings.Builder
	for i, r := range text {
		if r == '$' && strings.ContainsAny(text[i+1:min(i+2, len(text))], "${") {
			b.WriteByte('$')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plainText matches text that needs no quotes in YAML, but for reserved words.
var plainText = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./-]*$`)

// reserved matches the words that some version of YAML does not take for text.
var reserved = regexp.MustCompile(`^(?i:null|true|false|yes|no|on|off|y|n)$`)

func yamlText(text string) string {
	if plainText.MatchString(text) && !reserved.MatchString(text) {
		return text
	}
	return quote(text)
}

func yamlNumber(n Number) string {
	digits := strings.TrimLeft(string(n), "+-")
	if digits == "inf" || digits == "nan" {
		sign := strings.TrimSuffix(string(n), digits)
		if digits == "nan" {
			sign = "" // YAML has but one
		}
		return sign + "." + digits
	}
	return string(n)
}

// bareKey matches keys that need no quotes in TOML.
var bareKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

func tomlKey(key string) string {
	if bareKey.MatchString(key) {
		return key
	}
	return quote(key)
}

// tomlPlain matches the numbers that TOML writes as YAML does.
var tomlPlain = regexp.MustCompile(`^[-+]?(inf|nan|(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)$`)

// tomlNumber writes numbers that TOML has no such form for, for example .5 or
// +0x10, in another.
func tomlNumber(n Number) string {
	if tomlPlain.MatchString(string(n)) {
		return string(n)
	}
	if digits, ok := n.decimal(); ok {
		return digits
	}
	v, _ := n.Float(64)
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func jsonText(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string into memory can't fail
	return strings.TrimSuffix(b.String(), "\n")
}

// jsonNumber writes numbers that JSON does not have as text.
func jsonNumber(n Number) string {
	if digits, ok := n.decimal(); ok {
		return digits
	}
	if v, err := n.Float(64); err == nil && !math.IsInf(v, 0) && !math.IsNaN(v) {
		text, _ := json.Marshal(v)
		return string(text)
	}
	return jsonText(string(n))
}

// quote writes text in double quotes with escapes that YAML and TOML share.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
