// Package syntax reads the text of a configuration: YAML, JSON and TOML become one
// tree of nodes that know where they stand.
//
// Parsers notice mistakes of syntax late and report them in their own words. A table has
// better words for some, and a few scans look around the place (explain_yaml.go,
// explain_toml.go). Otherwise the parser's words stand.
package syntax

import (
	"bytes"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

const (
	// maxDepth bounds how deep maps and lists are nested.
	maxDepth = 64
	// maxValues bounds the values of a file after its aliases are resolved.
	maxValues = 100_000
	// maxKeys bounds the names of a map. YAML's parser takes a time and memory with the
	// square of it.
	maxKeys = 1000
)

// Read reads the text of a file and reports its mistakes of form. The node has a
// [Table], or no value if the file declares nothing; it is nil if the text can't be
// understood.
func Read(name string, data []byte, r *mistake.Report) (root *Node) {
	d := &document{Report: r, name: name}
	defer func() { // the parsers are not ours
		if v := recover(); v != nil {
			d.Add(mistake.Position{File: name}, "", "parse file: %v", v)
			root = nil
		}
	}()
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n")) // as old Macs end lines
	r.Texts[name] = strings.Split(string(data), "\n")
	switch {
	case !d.checkUTF8():
		return nil
	case d.at(0, 0).IsTOML():
		return d.readTOML(data)
	}
	return d.readYAML(data)
}

// IsFile reports whether a file has a name that tells its format. One without an
// ending is taken as YAML, for pipes.
func IsFile(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml", ".json", ".toml", "":
		return true
	}
	return false
}

// document is a file that is read.
type document struct {
	*mistake.Report
	name string

	values, depth     int  // so far
	tooMany, tooLarge bool // as was noted
}

// checkUTF8 reports the first byte of the file that is no part of a character.
func (d *document) checkUTF8() bool {
	for i, line := range d.Texts[d.name] {
		for column, rest := 1, line; rest != ""; column++ {
			r, size := utf8.DecodeRuneInString(rest)
			if r == utf8.RuneError && size == 1 {
				d.Texts[d.name][i] = strings.ToValidUTF8(line, "\ufffd")
				d.Add(d.at(i+1, column), "save the file as UTF-8", "text is not UTF-8")
				return false
			}
			rest = rest[size:]
		}
	}
	return true
}

func (d *document) at(line, column int) mistake.Position {
	return mistake.Position{File: d.name, Line: line, Column: column}
}

// count counts a value, and reports whether the file may hold it.
func (d *document) count(at mistake.Position) bool {
	d.values++
	if d.values > maxValues && !d.tooMany {
		d.tooMany = true
		d.Add(at, "", "file contains too many values; the limit is %d", maxValues)
	}
	return d.values <= maxValues
}

// descend counts a value that may hold others, up to ascend. It reports whether the file may hold it.
func (d *document) descend(at mistake.Position) bool {
	if !d.count(at) || !d.checkDepth(d.depth+1, at) {
		return false
	}
	d.depth++
	return true
}

func (d *document) ascend() { d.depth-- }

func (d *document) checkDepth(depth int, at mistake.Position) bool {
	if depth > maxDepth {
		d.Add(at, "", "values are nested too deeply")
	}
	return depth <= maxDepth
}

// checkKey refuses a key that is no name, and one for which a table has no room.
func (d *document) checkKey(key string, at mistake.Position, table Table) bool {
	switch {
	case key == "" || strings.Contains(key, "\x00"):
		d.Add(at, "", "key %q is empty or contains a zero byte", key)
	case strings.Contains(key, "${"):
		d.Add(at, "write the name itself", "a name can't contain a variable: %q", key)
	case len(table) >= maxKeys:
		d.crowded(at)
	default:
		return true
	}
	return false
}

// crowded notes that there are too many names in one place, once.
func (d *document) crowded(at mistake.Position) {
	if !d.tooLarge {
		d.tooLarge = true
		d.Add(at, "", "more than %d names in one place", maxKeys)
	}
}

// twice notes a name that stands in its place already.
func (d *document) twice(first *Node, at mistake.Position) {
	first.Repeated = true
	d.Add(at, mistake.TwiceHint, "`%s` is declared twice, first on line %d", first.Name, first.NameAt.Line)
}
