package config

import (
	"bytes"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

const (
	// maxDepth bounds how deep maps and lists are nested.
	maxDepth = 64
	// maxValues bounds the values of a file after its aliases are resolved, and
	// maxPaths the bytes of the paths to them, which long names make long.
	maxValues = 100_000
	maxPaths  = 32 << 20
	// maxKeys bounds the names of a map. YAML's parser takes a time and memory with the
	// square of it.
	maxKeys = 1000
)

// path names a key or a value: the keys on the way to it, list elements by their
// index. It is also a path of koanf's, whose delimiter no key may hold.
type path string

const delimiter = "\x00"

func (p path) child(key string) path {
	if p == "" {
		return path(key)
	}
	return p + delimiter + path(key)
}

func (p path) item(i int) path { return p.child(strconv.Itoa(i)) }

// place is where a key and its value stand. A list element has no key.
type place struct {
	key, value Position
	via        Position // where YAML's alias stands that brought the value here
}

// unreadable stands for a value that was wrong in form and has been noted.
type unreadable struct{}

// document is one file: its values, and where they stand.
type document struct {
	*mistake.Report
	name  string
	tree  map[string]any // of nil, string, bool, Number, []any, map[string]any, unreadable
	index map[path]place

	values, paths     int  // so far, and the bytes of the paths to them
	tooMany, tooLarge bool // as was noted

	partial map[path]bool // that stand here twice, of which one was left out
	empty   bool          // it declares nothing

	files *reader
}

// readDocument reads a file and reports its mistakes of form. It returns nil if
// nothing could be read.
func readDocument(name string, files *reader, r *mistake.Report) *document {
	d := &document{Report: r, name: name, files: files, index: map[path]place{}, partial: map[path]bool{}}
	whole := Position{File: name}
	read := d.format()
	if read == nil {
		r.Add(whole, "", "file name must end with .yaml, .yml, .toml or .json")
		return nil
	}
	data, err := files.read(name, false)
	if err != nil {
		r.Add(whole, "", "%v", withoutPath(err))
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n")) // as old Macs end lines
	r.Texts[name] = strings.Split(string(data), "\n")
	if !d.checkUTF8() || !d.guard(func() bool { return read(data) }) && !d.empty {
		return nil
	}
	e := expander{document: d}
	e.value(d.tree, "")
	return d
}

// format returns the reader for the file by its name's ending. A name without an
// ending is taken as YAML, for pipes.
func (d *document) format() func(data []byte) bool {
	switch strings.ToLower(filepath.Ext(d.name)) {
	case ".yaml", ".yml", ".json", "":
		return d.readYAML
	case ".toml":
		return d.readTOML
	}
	return nil
}

// guard calls read and reports a panic as a mistake: the parsers are not ours.
func (d *document) guard(read func() bool) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			d.Add(Position{File: d.name}, "", "parse file: %v", v)
			ok = false
		}
	}()
	return read()
}

// checkUTF8 reports the first octet of the file that is no part of a character.
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

func (d *document) at(line, column int) Position {
	return Position{File: d.name, Line: line, Column: column}
}

// fits counts a value, and reports whether the file may hold it as well.
func (d *document) fits(at path, where Position) bool {
	d.values++
	d.paths += len(at)
	if d.values <= maxValues && d.paths <= maxPaths {
		return true
	}
	if !d.tooMany {
		d.tooMany = true
		d.Add(where, "", "file holds too many values: %d at most, and fewer with long names", maxValues)
	}
	return false
}

// checkKey refuses keys that could not be told apart from a path, those with a
// variable, and those for which a map with so many names has no room.
func (d *document) checkKey(key string, at Position, names int) bool {
	switch {
	case key == "" || strings.Contains(key, delimiter):
		d.Add(at, "", "key %q is empty or holds a zero byte", key)
	case strings.Contains(key, "${"):
		d.Add(at, "write the name itself", "a name can't hold a variable: %q", key)
	case names >= maxKeys:
		d.crowded(at)
	default:
		return true
	}
	return false
}

// crowded notes that there are too many names in one place, once.
func (d *document) crowded(at Position) {
	if !d.tooLarge {
		d.tooLarge = true
		d.Add(at, "", "more than %d names stand in one place", maxKeys)
	}
}

// load puts values into a Koanf of their own. Its merging is never used: an empty
// section would wipe an earlier one.
func load(values map[string]any) *koanf.Koanf {
	k := koanf.New(delimiter)
	// Neither the provider nor a merge into nothing can fail.
	_ = k.Load(confmap.Provider(values, ""), nil)
	return k
}
