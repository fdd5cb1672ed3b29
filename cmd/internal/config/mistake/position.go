package mistake

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Position is a place in a configuration: in a file, or with no line whatever
// File names, such as a file as a whole or a command line option. The zero value
// is no place at all.
type Position struct {
	File   string
	Line   int // from 1
	Column int // from 1, in characters

	// Origin names what variables in the value at this place were replaced from, such
	// as "environment RATE", "default of RATE" or "file /run/rate"; empty if the
	// value was written here.
	Origin string
}

// String returns the place as "file:line:column", as far as it is known.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// From says where the value at p came from, if it was not written there.
func (p Position) From() string {
	if p.Origin == "" {
		return ""
	}
	return " (from " + p.Origin + ")"
}

// IsTOML reports whether the place is in a file of TOML.
func (p Position) IsTOML() bool { return strings.EqualFold(filepath.Ext(p.File), ".toml") }

// IsJSON reports whether the place is in a file of JSON.
func (p Position) IsJSON() bool { return strings.EqualFold(filepath.Ext(p.File), ".json") }
