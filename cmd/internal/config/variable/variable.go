// Package variable replaces variables in the values of a file.
package variable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pmtud/pmtud/cmd/internal/config/disk"
	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
)

// maxExpanded bounds the bytes of all values that hold variables.
const maxExpanded = 4 << 20

// dollars matches what does not stand for itself in a value: $$ and variables, the
// last of which may lack its end.
var dollars = regexp.MustCompile(`\$\$|\$\{[^}]*\}?`)

// variableName matches names of environment variables.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Expander replaces the variables of a configuration.
type Expander struct {
	Files    *disk.Reader
	expanded int // bytes of all values with variables
}

// Expand replaces the variables in the values of a file.
func (e *Expander) Expand(root *syntax.Node, name string, r *mistake.Report) {
	x := expander{Expander: e, Report: r, name: name}
	x.value(root)
}

// expander replaces variables in the values of a file.
type expander struct {
	*Expander
	*mistake.Report
	name string
}

func (e *expander) value(n *syntax.Node) {
	switch v := n.Value.(type) {
	case string:
		if strings.Contains(v, "$") {
			e.text(n, v)
		}
	case syntax.Table:
		for _, child := range v {
			e.value(child)
		}
	case syntax.List:
		for _, item := range v {
			e.value(item)
		}
	}
}

func (e *expander) text(n *syntax.Node, text string) {
	before := e.Noted
	var out strings.Builder
	var origins []string
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
		if err == nil && e.expanded+out.Len()+len(v.value) > maxExpanded {
			err = &variableError{fmt.Sprintf("values with variables are longer than %d bytes", maxExpanded), ""}
		}
		if err != nil {
			at := n.At
			if !e.Full() {
				at = e.dollarSign(at, strings.Count(text[:span[0]], "$"))
			}
			e.Add(at, err.hint, "%s", err.message)
			continue
		}
		out.WriteString(v.value)
		origins = append(origins, v.origin)
	}
	if e.Noted > before {
		n.Value = syntax.Unreadable{}
		return
	}
	out.WriteString(text[done:])
	e.expanded += out.Len()
	n.At.Origin = strings.Join(slices.Compact(origins), ", ")
	n.Value, n.Untyped = out.String(), n.At.Origin != ""
}

// dollarSign returns where a dollar sign of a value stands in the file, by how many stand
// before it: where the value begins if it goes over several lines.
func (e *expander) dollarSign(value mistake.Position, before int) mistake.Position {
	for i, r := range []rune(e.Texts.Line(value)) {
		if r != '$' || i+1 < value.Column {
			continue
		}
		if before == 0 {
			value.Column = i + 1
			break
		}
		before--
	}
	return value
}

// variable is what a variable stands for.
type variable struct{ value, origin string }

// variableError says why a variable can't be replaced, and what to do.
type variableError struct{ message, hint string }

// variable looks up ${NAME}, ${NAME:-DEFAULT}, ${NAME:?MESSAGE} or ${file:PATH}.
func (e *expander) variable(token string) (variable, *variableError) {
	text, closed := strings.CutSuffix(strings.TrimPrefix(token, "${"), "}")
	if !closed {
		return variable{}, &variableError{"`${` is not closed", "add `}`, or write `$${` for a literal `${`"}
	}
	if strings.Contains(text, "${") {
		return variable{}, &variableError{"variables cannot be nested", ""}
	}
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		return e.include(path)
	}
	name, operation, _ := strings.Cut(text, ":")
	fallback, hasFallback := strings.CutPrefix(operation, "-")
	message, isRequired := strings.CutPrefix(operation, "?")
	if !hasFallback && !isRequired {
		name = text
	}
	if !variableName.MatchString(name) {
		return variable{}, &variableError{
			fmt.Sprintf("%q is not the name of an environment variable", name),
			"write `${NAME}`, `${NAME:-DEFAULT}`, `${NAME:?MESSAGE}` or `${file:PATH}`, or `$${` for a literal `${`",
		}
	}
	value, ok := os.LookupEnv(name)
	switch {
	case value == "" && hasFallback:
		return variable{fallback, "default of " + name}, nil
	case value == "" && isRequired:
		return variable{}, &variableError{"environment variable `" + name + "` is not set", message}
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
	text, err := e.Expander.Files.Include(path)
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
