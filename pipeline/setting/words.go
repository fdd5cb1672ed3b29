package setting

import (
	"fmt"
	"strings"
)

// Kind returns what may be written, in words: for example "list of sizes".
func (s Info) Kind() string {
	kind := string(s.Type)
	switch s.Type {
	case Bool:
		kind = "true/false"
	case Integer:
		kind = "whole number"
	case Scalar:
		kind = "text"
	}
	switch {
	case !s.List:
		return kind
	case kind == "text":
		return "list of text"
	}
	return "list of " + kind + "s"
}

// Allowed returns the bounds or the texts that may be written, in words; empty if
// all are.
func (s Info) Allowed() string {
	switch {
	case s.Enum != nil:
		return strings.Join(s.Enum, ", ")
	case s.Min != nil && s.Max != nil:
		return fmt.Sprintf("%v to %v", s.Min, s.Max)
	case s.Min != nil:
		return fmt.Sprintf("%v or more", s.Min)
	case s.Max != nil:
		return fmt.Sprintf("up to %v", s.Max)
	}
	return ""
}

// Line returns a value of an [Info] in one line; empty for nil.
func Line(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case []any:
		var items []string
		for _, v := range value {
			items = append(items, Line(v))
		}
		return strings.Join(items, ", ")
	}
	return fmt.Sprint(value)
}

// Sentence returns a doc with a capital and a full stop.
func Sentence(doc string) string {
	if doc == "" {
		return ""
	}
	return strings.ToUpper(doc[:1]) + strings.TrimSuffix(doc[1:], ".") + "."
}

// Wrap breaks text into lines of at most width characters, where words allow it.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
