package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Marshal writes f as "yaml" or "toml", so that [Load] reads the same from it.
func Marshal(f *File, format string) ([]byte, error) {
	switch format {
	case "yaml":
		return marshalYAML(f)
	case "toml":
		return marshalTOML(f)
	}
	return nil, fmt.Errorf("unknown format %q: must be yaml or toml", format)
}

// pair is a key with its value, written in the target's syntax.
type pair struct{ key, value string }

// syntax is how a format writes scalars and keys.
type syntax struct {
	key    func(string) string
	text   func(string) string
	number func(Number) string
	is     string // between key and value
}

// syntax returns how values are written in the file of a place.
func (p Position) syntax() syntax {
	switch {
	case p.isTOML():
		return tomlSyntax
	case p.isJSON():
		return jsonSyntax
	}
	return yamlSyntax
}

// jsonSyntax is for hints only.
var jsonSyntax = syntax{key: quote, text: quote, number: func(n Number) string { return string(n) }, is: ": "}

// pairs returns what stands directly in a stage: all but its filters.
func (s syntax) pairs(stage Stage) ([]pair, error) {
	pairs := []pair{{"type", s.text(escape(stage.Type))}}
	if stage.Name != "" {
		pairs = append(pairs, pair{"name", s.text(escape(stage.Name))})
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
		pairs = append(pairs, pair{s.key(setting.Name), value})
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
