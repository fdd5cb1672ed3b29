package syntax

import (
	"strconv"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// Node is a value of a file, with its name if it has one, and where both stand.
type Node struct {
	Name   string // empty for an element of a list
	NameAt mistake.Position

	// Value is nil, a string, bool, [Number], [List], [Table] or [Unreadable].
	Value any
	At    mistake.Position
	Via   mistake.Position // where YAML's alias stands that brought the value here

	// Untyped is for text that no quotes tell from a number: its setting decides.
	Untyped bool

	// Repeated is for a name that stands in the same place again, which was left out.
	Repeated bool
}

// List is a value that is made of others.
type List []*Node

// Table is a value that is made of others with names, in the order of the text.
type Table []*Node

// Unreadable stands for a value that was wrong in form and has been noted.
type Unreadable struct{}

// Find returns what has the name, or nil.
func (t Table) Find(name string) *Node {
	for _, n := range t {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// Table returns the nodes that n is made of, nil if it is no table or is nil.
func (n *Node) Table() Table {
	if n == nil {
		return nil
	}
	table, _ := n.Value.(Table)
	return table
}

// put adds a node to a table.
func (n *Node) put(child *Node) { n.Value = append(n.Table(), child) }

// Line returns the value in one line, for people: a list has commas.
func (n *Node) Line() string {
	if list, ok := n.Value.(List); ok {
		return joined(list, (*Node).Line)
	}
	if text, ok := ScalarText(n.Value); ok {
		return text
	}
	return YAML.Value(n.Value)
}

// ScalarText returns a scalar as it was written.
func ScalarText(value any) (text string, ok bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case Number:
		return string(v), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// KindOf names the kind of a value for messages.
func KindOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case string:
		return "text"
	case bool:
		return "true or false"
	case Number:
		return "the number " + string(v)
	case List:
		return "a list"
	}
	return "name-value pairs"
}
