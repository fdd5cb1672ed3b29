package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// typed gives text of a setting that came from variables, or from a chain, the type of
// its field: elsewhere quotes tell text from numbers, but here are none. In a list a
// variable may hold several elements.
func typed(s *Setting, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Slice || setting.IsText(t) {
		typedScalar(s, t)
		return
	}
	list, ok := s.Value.(List)
	switch {
	case ok:
	case s.Untyped && s.At.Origin != "":
		list = List{s.Element()}
	default:
		typedScalar(s, t.Elem())
		return
	}
	items := List{} // none is a value as well
	for _, item := range list {
		for _, e := range elements(item) {
			typedScalar(e, t.Elem())
			items = append(items, e)
		}
	}
	s.Value = items
}

// elements returns the elements that a variable's text holds between commas and line
// ends, without comments, which begin with # as in YAML. Anything else is one element.
func elements(item *Setting) (all List) {
	text, ok := item.Value.(string)
	if !ok || !item.Untyped || item.At.Origin == "" {
		return List{item}
	}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(lineComment.ReplaceAllString(line, ""))
		if line == "" {
			continue
		}
		at := item.At
		if strings.Contains(text, "\n") {
			at.Origin = fmt.Sprintf("%s, line %d", at.Origin, i+1)
		}
		for part := range strings.SplitSeq(line, ",") {
			all = append(all, &Setting{Value: strings.TrimSpace(part), At: at, Untyped: true})
		}
	}
	return all
}

// lineComment matches the end of a line that is one.
var lineComment = regexp.MustCompile(`(^|\s)#.*$`)

func typedScalar(s *Setting, t reflect.Type) {
	text, ok := s.Value.(string)
	if !ok || !s.Untyped || t == durationType || t.Kind() == reflect.String {
		return
	}
	number, isNumber := syntax.ParseText(text)
	switch {
	case setting.IsText(t):
		if isNumber && string(number) == text { // which says the same
			s.Value = number
		}
	case t.Kind() == reflect.Bool:
		if text == "true" || text == "false" {
			s.Value = text == "true"
		}
	case isNumber:
		s.Value = number
	}
}
