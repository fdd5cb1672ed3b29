package syntax

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// readTOML reads TOML.
func (d *document) readTOML(data []byte) *Node {
	before := d.Noted
	root := &Node{Value: Table{}}
	t := tomlReader{document: d, kinds: map[*Node]tableKind{}, root: root, current: root}
	t.parser.Reset(data)
	for t.parser.NextExpression() {
		t.expression(t.parser.Expression())
	}
	var syntax *unstable.ParserError
	if err := t.parser.Error(); errors.As(err, &syntax) {
		d.complain(d.explainTOML(t.position(t.parser.Range(syntax.Highlight)), syntax.Message))
		return nil
	}
	switch {
	case len(root.Table()) > 0:
		return root
	case d.Noted > before:
		return nil
	}
	return &Node{}
}

// tomlReader puts the expressions of a document into its tree. TOML lets a table
// be written in several pieces, but each piece only once, in one of these ways.
type tomlReader struct {
	*document
	parser  unstable.Parser
	kinds   map[*Node]tableKind
	root    *Node
	current *Node // nil: what follows is left out

	offset, line, column int // of the last position
}

type tableKind uint8

const (
	implied tableKind = iota // only named on the way to another
	headed                   // [a]
	dotted                   // a.b = 1
	inline                   // a = {b = 1}
	listed                   // [[a]]
)

func (t *tomlReader) expression(n *unstable.Node) {
	switch n.Kind {
	case unstable.Table:
		t.current = t.header(n, headed)
	case unstable.ArrayTable:
		t.current = t.header(n, listed)
	case unstable.KeyValue:
		if t.current != nil {
			t.keyValue(t.current, n)
		}
	}
}

// key is one part of a dotted key.
type key struct {
	name string
	at   mistake.Position
}

// keys returns the parts of a key, or none if there are too many.
func (t *tomlReader) keys(n *unstable.Node) []key {
	var keys []key
	for it := n.Key(); it.Next(); {
		keys = append(keys, key{string(it.Node().Data), t.position(it.Node().Raw)})
		if !t.checkDepth(t.depth+len(keys), keys[0].at) {
			return nil
		}
	}
	return keys
}

// header enters the table that n names.
func (t *tomlReader) header(n *unstable.Node, kind tableKind) *Node {
	if parent, k := t.parent(t.root, n, implied); parent != nil {
		return t.enter(parent, k, kind)
	}
	return nil
}

// parent enters the tables that the key of n names but for its last part. It is nil if
// there is no way.
func (t *tomlReader) parent(from *Node, n *unstable.Node, kind tableKind) (parent *Node, last key) {
	keys := t.keys(n)
	for i, k := range keys {
		if i == len(keys)-1 {
			return from, k
		}
		if from = t.enter(from, k, kind); from == nil {
			break
		}
	}
	return nil, key{}
}

// enter enters the table k of parent in one of the ways, or the last of a list of them. It
// makes one if there is none.
func (t *tomlReader) enter(parent *Node, k key, kind tableKind) *Node {
	child := parent.Table().Find(k.name)
	isNew := child == nil
	if isNew {
		if child = t.create(parent, k, kind); child == nil || kind != listed {
			return child
		}
	}
	was := t.kinds[child]
	_, isTable := child.Value.(Table)
	switch {
	case kind == listed && was == listed:
		if !isNew && !t.count(k.at) {
			return nil
		}
		item := &Node{At: k.at, Value: Table{}}
		child.Value = append(child.Value.(List), item)
		return item
	case kind == implied && was == listed:
		items := child.Value.(List)
		return items[len(items)-1]
	case kind == headed && was == implied && isTable:
		t.kinds[child] = headed
		return child
	case isTable && (kind == implied && was != inline || kind == dotted && was == dotted):
		return child
	}
	t.twice(child, k.at)
	return nil
}

func (t *tomlReader) create(parent *Node, k key, kind tableKind) *Node {
	if !t.checkKey(k.name, k.at, parent.Table()) || !t.count(k.at) {
		return nil
	}
	child := &Node{Name: k.name, NameAt: k.at, At: k.at, Value: Table{}}
	if kind == listed {
		child.Value = List{}
	}
	t.kinds[child] = kind
	parent.put(child)
	return child
}

func (t *tomlReader) keyValue(parent *Node, n *unstable.Node) {
	parent, k := t.parent(parent, n, dotted)
	if parent == nil {
		return
	}
	if first := parent.Table().Find(k.name); first != nil {
		t.twice(first, k.at)
		return
	}
	if !t.checkKey(k.name, k.at, parent.Table()) {
		return
	}
	child := &Node{Name: k.name, NameAt: k.at, At: t.valuePosition(n)}
	t.read(child, n.Value())
	parent.put(child)
}

// valuePosition returns where the value of a key begins. The parser does not tell
// it for arrays, but between the key and the value there is only "=" and space.
func (t *tomlReader) valuePosition(n *unstable.Node) mistake.Position {
	var i uint32
	for it := n.Key(); it.Next(); {
		i = it.Node().Raw.Offset + it.Node().Raw.Length
	}
	for bytes.IndexByte([]byte(" \t="), t.parser.Data()[i]) >= 0 {
		i++
	}
	return t.position(unstable.Range{Offset: i})
}

// read sets the value of a node, and where it stands if the parser tells it.
func (t *tomlReader) read(to *Node, n *unstable.Node) {
	if n.Raw.Length > 0 {
		to.At = t.position(n.Raw)
	}
	to.Value = Unreadable{}
	if !t.descend(to.At) {
		return
	}
	defer t.ascend()
	switch n.Kind {
	case unstable.Bool:
		to.Value = string(n.Data) == "true"
	case unstable.Integer, unstable.Float:
		to.Value = Number(n.Data)
	case unstable.Array:
		list := List{}
		for it := n.Children(); it.Next(); {
			item := &Node{At: to.At}
			t.read(item, it.Node())
			list = append(list, item)
		}
		to.Value = list
	case unstable.InlineTable:
		t.kinds[to] = inline
		to.Value = Table{}
		for it := n.Children(); it.Next(); {
			t.keyValue(to, it.Node())
		}
	case unstable.LocalDate, unstable.LocalTime, unstable.LocalDateTime, unstable.DateTime:
		t.Add(to.At, fmt.Sprintf("put quotes around the text: \"%s\"", n.Data), "no setting takes a date or a time")
	default:
		to.Value = string(n.Data)
	}
}

// position returns where a range begins. Ranges mostly come in order, so it goes on
// from the one before instead of counting from the beginning each time.
func (t *tomlReader) position(r unstable.Range) mistake.Position {
	offset := int(r.Offset)
	if offset < t.offset || t.line == 0 {
		t.offset, t.line, t.column = 0, 1, 1
	}
	for _, c := range string(t.parser.Data()[t.offset:offset]) {
		t.column++
		if c == '\n' {
			t.line, t.column = t.line+1, 1
		}
	}
	t.offset = offset
	return t.at(t.line, t.column)
}
