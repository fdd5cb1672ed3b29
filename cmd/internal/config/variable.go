package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pmtud/pmtud/pipeline/setting"
)

// maxExpanded bounds the bytes of all values that hold variables.
const maxExpanded = 4 << 20

// dollars matches what does not stand for itself in a value: $$ and variables, the
// last of which may lack its end.
var dollars = regexp.MustCompile(`\$\$|\$\{[^}]*\}?`)

// variableName matches names of environment variables.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expander replaces variables in the values of a document.
type expander struct {
	*document
}

// value returns the value at a path with its variables replaced. Maps and lists are
// changed in place.
func (e *expander) value(v any, at path) any {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "$") {
			return e.text(v, at)
		}
	case map[string]any:
		for key := range v {
			v[key] = e.value(v[key], at.child(key))
		}
	case []any:
		for i := range v {
			v[i] = e.value(v[i], at.item(i))
		}
	}
	return v
}

func (e *expander) text(text string, at path) any {
	place := e.index[at]
	before := e.Noted
	var out strings.Builder
	var origins []string
	var signs map[int]Position // see dollarSigns, once they are asked for
	done := 0
	for _, span := range dollars.FindAllStringIndex(text, -1) {
		out.WriteString(text[done:span[0]])
		done = span[1]
		token := text[span[0]:span[1]]
		if token == "$$" {
			out.WriteByte('$')
			continue
		}
		v, err := e.variable(token)
		if err == nil && e.files.expanded+out.Len()+len(v.value) > maxExpanded {
			err = &variableError{fmt.Sprintf("values with variables are longer than %d bytes", maxExpanded), ""}
		}
		if err != nil {
			if signs == nil && !e.Full() {
				signs = e.dollarSigns(place.value, text)
			}
			e.Add(signs[span[0]], err.hint, "%s", err.message)
			continue
		}
		out.WriteString(v.value)
		origins = append(origins, v.origin)
	}
	if e.Noted > before {
		return unreadable{}
	}
	out.WriteString(text[done:])
	e.files.expanded += out.Len()
	place.value.Origin = strings.Join(slices.Compact(origins), ", ")
	e.index[at] = place
	return out.String()
}

// dollarSigns returns where the dollar signs of a value stand in the file, by their
// index in its text: where the value begins if it goes over several lines.
func (e *expander) dollarSigns(value Position, text string) map[int]Position {
	var columns []int
	for i, r := range []rune(e.Texts.Line(value)) {
		if r == '$' && i+1 >= value.Column {
			columns = append(columns, i+1)
		}
	}
	signs := map[int]Position{}
	for i := range len(text) {
		if text[i] != '$' {
			continue
		}
		at := value
		if n := len(signs); n < len(columns) {
			at.Column = columns[n]
		}
		signs[i] = at
	}
	return signs
}

// variable is what a variable stands for.
type variable struct{ value, origin string }

// variableError says why a variable can't be replaced, and what to do.
type variableError struct{ message, hint string }

// variable looks up ${NAME}, ${NAME:-DEFAULT} or ${file:PATH}.
func (e *expander) variable(token string) (variable, *variableError) {
	text, closed := strings.CutSuffix(strings.TrimPrefix(token, "${"), "}")
	if !closed {
		return variable{}, &variableError{"`${` has no end", "close it with `}`, or write `$${` for the two characters"}
	}
	if strings.Contains(text, "${") {
		return variable{}, &variableError{"variables can't stand in each other", ""}
	}
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		return e.include(path)
	}
	name, fallback, hasFallback := strings.Cut(text, ":-")
	if !variableName.MatchString(name) {
		return variable{}, &variableError{
			fmt.Sprintf("%q is not the name of an environment variable", name),
			"write `${NAME}`, `${NAME:-DEFAULT}` or `${file:PATH}`, or `$${` for the two characters",
		}
	}
	value, ok := os.LookupEnv(name)
	switch {
	case value == "" && hasFallback:
		return variable{fallback, "default of " + name}, nil
	case !ok:
		return variable{}, &variableError{
			"environment variable `" + name + "` is not set",
			"set it, or give it a default: `${" + name + ":-DEFAULT}`",
		}
	case !utf8.ValidString(value):
		return variable{}, &variableError{"environment variable `" + name + "` is not UTF-8", ""}
	}
	return variable{value, "environment " + name}, nil
}

// include returns what a file holds, without the line end that editors put after
// the last line.
func (e *expander) include(path string) (variable, *variableError) {
	if path == "" {
		return variable{}, &variableError{"`${file:}` names no file", "write `${file:PATH}`"}
	}
	isRelative := !filepath.IsAbs(path)
	if isRelative {
		path = filepath.Join(filepath.Dir(e.name), path)
	}
	text, err := e.files.include(path)
	if err != nil {
		hint := ""
		if isRelative && errors.Is(err, fs.ErrNotExist) {
			hint = "paths are relative to the folder of the configuration file"
		}
		return variable{}, &variableError{fmt.Sprintf("read %s: %v", path, err), hint}
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	return variable{text, "file " + path}, nil
}

// typed gives text of a setting that came from variables the type of its field: elsewhere
// quotes tell text from numbers, but a variable has none. In a list it may be several
// elements.
func typed(s *Setting, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Slice || setting.IsText(t) {
		s.Value = typedScalar(s.Value, s.At, t)
		return
	}
	if _, ok := variableText(s.Value, s.At); ok {
		s.Value, s.ItemsAt = typedList([]any{s.Value}, []Position{s.At}, t.Elem())
	} else if list, ok := s.Value.([]any); ok && len(s.ItemsAt) == len(list) {
		s.Value, s.ItemsAt = typedList(list, s.ItemsAt, t.Elem())
	}
}

// typedList returns the elements of a list, and where each stands.
func typedList(list []any, places []Position, t reflect.Type) (items []any, at []Position) {
	items = []any{} // none is a value as well
	for i, value := range list {
		text, ok := variableText(value, places[i])
		if !ok {
			items, at = append(items, value), append(at, places[i])
			continue
		}
		for _, e := range elements(text, places[i]) {
			items, at = append(items, typedScalar(e.text, e.at, t)), append(at, e.at)
		}
	}
	return items, at
}

// variableText returns a value if it is text that came from variables.
func variableText(value any, at Position) (text string, ok bool) {
	text, ok = value.(string)
	return text, ok && at.Origin != ""
}

// element is one of a list that a variable holds.
type element struct {
	text string
	at   Position
}

// elements returns the elements that text holds between commas and line ends, without
// comments, which begin with # as in YAML.
func elements(text string, at Position) (all []element) {
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(lineComment.ReplaceAllString(line, ""))
		if line == "" {
			continue
		}
		here := at
		if strings.Contains(text, "\n") {
			here.Origin = fmt.Sprintf("%s, line %d", at.Origin, i+1)
		}
		for part := range strings.SplitSeq(line, ",") {
			all = append(all, element{strings.TrimSpace(part), here})
		}
	}
	return all
}

// lineComment matches the end of a line that is one.
var lineComment = regexp.MustCompile(`(^|\s)#.*$`)

func typedScalar(value any, at Position, t reflect.Type) any {
	text, ok := value.(string)
	if !ok || at.Origin == "" || setting.IsText(t) || t == durationType || t.Kind() == reflect.String {
		return value
	}
	if t.Kind() == reflect.Bool {
		if v, err := strconv.ParseBool(text); err == nil && strconv.FormatBool(v) == text {
			return v
		}
		return value
	}
	if n, ok := parseText(text); ok {
		return n
	}
	return value
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
