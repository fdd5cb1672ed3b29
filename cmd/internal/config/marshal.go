package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Marshal writes f as "yaml", "toml" or "json", so that [Load] reads the same from it.
// JSON has no comments, so it leaves out the remarks.
func Marshal(f *File, format string) ([]byte, error) {
	switch format {
	case "yaml":
		return marshalYAML(f)
	case "toml":
		return marshalTOML(f)
	case "json":
		return marshalJSON(f)
	}
	return nil, fmt.Errorf("unknown format %q: must be yaml, toml or json", format)
}

// Remarks are comments that [Marshal] writes around a setting or a stage's type.
type Remarks struct {
	Above  []string // lines before it
	Behind string   // at the end of its line
	Off    bool     // a setting that is itself a comment
}

// pair is a key with its value, written in the target's syntax.
type pair struct {
	key, value string
	Remarks
}

// lines returns what the pair takes, one below the other.
func (s syntax) lines(p pair) []string {
	var lines []string
	for _, text := range p.Above {
		lines = append(lines, comment(text))
	}
	line := p.key + s.is + p.value
	if p.Off {
		line = "# " + line
	}
	if p.Behind != "" {
		line += "  " + comment(p.Behind)
	}
	return append(lines, line)
}

// comment writes text, in which there may be names of files, in one line.
func comment(text string) string {
	return "# " + strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// syntax is how a format writes scalars and keys.
type syntax struct {
	key    func(string) string
	text   func(string) string
	number func(Number) string
	is     string // between key and value
}

// syntax returns how values are written in the file of a place.
func syntaxAt(p Position) syntax {
	switch {
	case isTOML(p):
		return tomlSyntax
	case isJSON(p):
		return jsonSyntax
	}
	return yamlSyntax
}

// pairs returns what stands directly in a stage: all but its filters.
func (s syntax) pairs(stage Stage) ([]pair, error) {
	pairs := []pair{{s.key("type"), s.text(escape(stage.Type)), stage.Remarks}}
	if stage.Name != "" {
		pairs = append(pairs, pair{s.key("name"), s.text(escape(stage.Name)), Remarks{}})
	}
	settings, err := s.settings(stage.Settings)
	return append(pairs, settings...), err
}

func (s syntax) settings(settings []Setting) (pairs []pair, _ error) {
	for _, setting := range settings {
		value, err := s.value(setting.Value)
		if err != nil {
			return nil, fmt.Errorf("write setting %s: %w", setting.Name, err)
		}
		pairs = append(pairs, pair{s.key(setting.Name), value, setting.Remarks})
	}
	return pairs, nil
}

func (s syntax) value(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return s.text(escape(v)), nil
	case bool:
		return strconv.FormatBool(v), nil
	case Number:
		return s.number(v), nil
	case []any:
		return s.list(v)
	case Table:
		return s.table(v)
	}
	return "", fmt.Errorf("%s can't be written", kindOf(v))
}

// pair returns a key with its value. A value that can't be written is left out.
func (s syntax) pair(key string, v any) string {
	value, _ := s.value(v)
	return s.key(key) + s.is + value
}

func (s syntax) list(values []any) (string, error) {
	var items []string
	for _, v := range values {
		item, err := s.value(v)
		if err != nil {
			return "", err
		}
		items = append(items, item)
	}
	return "[" + strings.Join(items, ", ") + "]", nil
}

func (s syntax) table(settings Table) (string, error) {
	pairs, err := s.settings(settings)
	var items []string
	for _, p := range pairs {
		items = append(items, p.key+s.is+p.value)
	}
	return "{" + strings.Join(items, ", ") + "}", err
}

// Value returns how text is written as the value of a setting in "yaml" or "toml".
func Value(format, text string) string { return syntaxOf(format).text(escape(text)) }

// Key returns how a name is written before its value, or in the header of a table, in
// "yaml" or "toml".
func Key(format, name string) string { return syntaxOf(format).key(name) }

func syntaxOf(format string) syntax {
	if format == "toml" {
		return tomlSyntax
	}
	return yamlSyntax
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

// bareKey matches keys that need no quotes in either format.
var bareKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
