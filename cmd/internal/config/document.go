package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

const (
	// maxOctets bounds the files that are read.
	maxOctets = 1 << 20
	// maxDepth bounds how deep maps and lists are nested.
	maxDepth = 64
	// maxValues bounds the values of a file after its aliases are resolved.
	maxValues = 100_000
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
type place struct{ key, value Position }

// unreadable stands for a value that was wrong in form and has been noted.
type unreadable struct{}

// document is one file: its values, and where they stand.
type document struct {
	*report
	name  string
	tree  map[string]any // of nil, string, bool, Number, []any, map[string]any, unreadable
	index map[path]place

	partial map[path]bool // that stand here twice, of which one was left out

	included []string // files that variables were read from
}

// readDocument reads a file and reports its mistakes of form. It returns nil if
// nothing could be read.
func readDocument(name string, r *report) *document {
	d := &document{report: r, name: name, index: map[path]place{}, partial: map[path]bool{}}
	whole := Position{File: name}
	read := d.format()
	if read == nil {
		r.add(whole, "", "file name must end with .yaml, .yml, .toml or .json")
		return nil
	}
	data, err := readFile(name)
	if err != nil {
		r.add(whole, "", "%v", err)
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n")) // as old Macs end lines
	r.texts[name] = strings.Split(string(data), "\n")
	if !d.checkUTF8() || !d.guard(func() bool { return read(data) }) {
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

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxOctets+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(data) > maxOctets {
		return nil, fmt.Errorf("read file: larger than %d octets", maxOctets)
	}
	return data, nil
}

// withoutPath leaves out the file's name, which stands before the message already.
func withoutPath(err error) error { return fmt.Errorf("read file: %w", cause(err)) }

func cause(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

// guard calls read and reports a panic as a mistake: the parsers are not ours.
func (d *document) guard(read func() bool) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			d.add(Position{File: d.name}, "", "parse file: %v", v)
			ok = false
		}
	}()
	return read()
}

// checkUTF8 reports the first octet of the file that is no part of a character.
func (d *document) checkUTF8() bool {
	for i, line := range d.texts[d.name] {
		for column, rest := 1, line; rest != ""; column++ {
			r, size := utf8.DecodeRuneInString(rest)
			if r == utf8.RuneError && size == 1 {
				d.texts[d.name][i] = strings.ToValidUTF8(line, "\ufffd")
				d.add(d.at(i+1, column), "save the file as UTF-8", "text is not UTF-8")
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

// checkKey refuses keys that could not be told apart from a path.
func (d *document) checkKey(key string, at Position) bool {
	if key == "" || strings.Contains(key, delimiter) {
		d.add(at, "", "key %q is empty or holds a zero octet", key)
		return false
	}
	return true
}

// koanf returns the document's values in the form from which they are decoded.
func (d *document) koanf() *koanf.Koanf { return load(d.tree) }

// load puts values into a Koanf of their own. Its merging is never used: an empty
// section would wipe an earlier one.
func load(values map[string]any) *koanf.Koanf {
	k := koanf.New(delimiter)
	// Neither the provider nor a merge into nothing can fail.
	_ = k.Load(confmap.Provider(values, ""), nil)
	return k
}
