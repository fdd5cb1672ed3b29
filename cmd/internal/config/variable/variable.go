// Package variable replaces variables in the values of a file, and in the elements of lists:
//
//	${NAME}            environment variable; it must be set, but may be empty
//	${NAME:-DEFAULT}   the same, or DEFAULT where it is unset or empty
//	${NAME:?MESSAGE}   the same; MESSAGE says what to do where it is unset or empty
//	${file:PATH}       what the file holds, without the last line's end; PATH is
//	                   relative to the folder of the configuration file
//	$$                 a dollar sign, as one before anything else is
//
// What replaces a variable is not looked at again, so it can't break the syntax of a file or
// add a setting to it. Its setting decides whether it is a number or a list.
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
	*mistake.Report
	Files    *disk.Reader
	expanded int // bytes of all values with variables
}

// Expand replaces the variables in a value, and in those that it is made of.
func (e *Expander) Expand(n *syntax.Node) {
	switch v := n.Value.(type) {
	case string:
		if strings.Contains(v, "$") {
			e.text(n, v)
		}
	case syntax.Table:
		for _, child := range v {
			e.Expand(child)
		}
	case syntax.List:
		for _, item := range v {
			e.Expand(item)
		}
	}
}

func (e *Expander) text(n *syntax.Node, text string) {
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
		value, origin, err := e.lookUp(token, n.At.File)
		if err == nil && e.expanded+out.Len()+len(value) > maxExpanded {
			err = fmt.Errorf("values with variables are longer than %d bytes", maxExpanded)
		}
		if err != nil {
			at := n.At
			if !e.Full() {
				at = e.dollarSign(at, strings.Count(text[:span[0]], "$"))
			}
			e.Add(at, mistake.HintOf(err), "%v", err)
			continue
		}
		out.WriteString(value)
		origins = append(origins, origin)
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
func (e *Expander) dollarSign(value mistake.Position, before int) mistake.Position {
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

// lookUp returns what ${NAME}, ${NAME:-DEFAULT}, ${NAME:?MESSAGE} or ${file:PATH} in a file
// stands for, and where that comes from.
func (e *Expander) lookUp(token, file string) (value, origin string, err error) {
	text, closed := strings.CutSuffix(strings.TrimPrefix(token, "${"), "}")
	if !closed {
		return "", "", mistake.Errorf("add `}`, or write `$${` for a literal `${`", "`${` is not closed")
	}
	if strings.Contains(text, "${") {
		return "", "", errors.New("variables cannot be nested")
	}
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		return e.include(path, filepath.Dir(file))
	}
	name, operation, _ := strings.Cut(text, ":")
	fallback, hasFallback := strings.CutPrefix(operation, "-")
	message, isRequired := strings.CutPrefix(operation, "?")
	if !hasFallback && !isRequired {
		name = text
	}
	if !variableName.MatchString(name) {
		return "", "", mistake.Errorf("write `${NAME}`, `${NAME:-DEFAULT}`, `${NAME:?MESSAGE}` or `${file:PATH}`, or `$${` for a literal `${`",
			"%q is not the name of an environment variable", name)
	}
	value, ok := os.LookupEnv(name)
	switch {
	case value == "" && hasFallback:
		return fallback, "default of " + name, nil
	case value == "" && isRequired:
		return "", "", mistake.Errorf(message, "environment variable `%s` is not set", name)
	case !ok:
		return "", "", mistake.Errorf("set it, or give it a default: `${"+name+":-DEFAULT}`", "environment variable `%s` is not set", name)
	case !utf8.ValidString(value):
		return "", "", fmt.Errorf("environment variable `%s` is not UTF-8", name)
	}
	return value, "environment " + name, nil
}

// include returns what a file holds, without the line end that editors put after the last
// line. Its path is relative to a folder.
func (e *Expander) include(path, folder string) (value, origin string, err error) {
	if path == "" {
		return "", "", mistake.Errorf("write `${file:PATH}`", "`${file:}` names no file")
	}
	isRelative := !filepath.IsAbs(path)
	if isRelative {
		path = filepath.Join(folder, path)
	}
	text, err := e.Files.Include(path)
	switch {
	case isRelative && errors.Is(err, fs.ErrNotExist):
		return "", "", mistake.Errorf("paths are relative to the folder of the configuration file", "read %s: %w", path, err)
	case err != nil:
		return "", "", fmt.Errorf("read %s: %w", path, err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"), "file " + path, nil
}
