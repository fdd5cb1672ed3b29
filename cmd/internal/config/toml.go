package config

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/pelletier/go-toml/v2/unstable"
)

// readTOML reads TOML into d. It reports whether there is anything to go on with.
func (d *document) readTOML(data []byte) bool {
	before := d.Noted
	d.tree = map[string]any{}
	t := tomlReader{document: d, kinds: map[path]tableKind{}}
	t.current = table{values: d.tree}
	t.parser.Reset(data)
	for t.parser.NextExpression() {
		t.expression(t.parser.Expression())
	}
	var syntax *unstable.ParserError
	if err := t.parser.Error(); errors.As(err, &syntax) {
		d.complain(d.explainTOML(t.position(t.parser.Range(syntax.Highlight)), syntax.Message))
		return false
	}
	d.empty = len(d.tree) == 0 && d.Noted == before
	return len(d.tree) > 0
}

// tomlReader puts the expressions of a document into its tree. TOML lets a table
// be written in several pieces, but each piece only once, in one of these ways.
type tomlReader struct {
	*document
	parser  unstable.Parser
	kinds   map[path]tableKind
	current table // nil values: what follows is left out
	depth   int

	offset, line, column int // of the last position
}

type table struct {
	values map[string]any
	at     path
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
		t.current = t.header(n, t.declare)
	case unstable.ArrayTable:
		t.current = t.header(n, t.appendTo)
	case unstable.KeyValue:
		if t.current.values != nil {
			t.keyValue(t.current, n)
		}
	}
}

// key is one part of a dotted key.
type key struct {
	name string
	at   Position
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

// header finds the parent of the table that n names and calls last for the table
// itself.
func (t *tomlReader) header(n *unstable.Node, last func(parent table, k key) table) table {
	keys := t.keys(n)
	if len(keys) == 0 {
		return table{}
	}
	parent := table{values: t.tree}
	for _, k := range keys[:len(keys)-1] {
		if parent = t.step(parent, k, implied); parent.values == nil {
			return parent
		}
	}
	return last(parent, keys[len(keys)-1])
}

// step enters the table k of parent. It makes one of the given kind if there is
// none.
func (t *tomlReader) step(parent table, k key, kind tableKind) table {
	at := parent.at.child(k.name)
	switch v := parent.values[k.name].(type) {
	case nil:
		return t.create(parent, k, kind)
	case map[string]any:
		if t.kinds[at] != inline && (kind != dotted || t.kinds[at] == dotted) {
			return table{v, at}
		}
	case []any:
		if t.kinds[at] == listed && kind != dotted {
			last := len(v) - 1
			return table{v[last].(map[string]any), at.item(last)}
		}
	}
	return t.twice(k, at)
}

func (t *tomlReader) create(parent table, k key, kind tableKind) table {
	at := parent.at.child(k.name)
	if !t.checkKey(k.name, k.at, len(parent.values)) || !t.fits(at, k.at) {
		return table{}
	}
	m := map[string]any{}
	parent.values[k.name] = m
	t.kinds[at] = kind
	t.index[at] = place{key: k.at, value: k.at}
	return table{m, at}
}

// declare is for [table].
func (t *tomlReader) declare(parent table, k key) table {
	at := parent.at.child(k.name)
	switch v := parent.values[k.name].(type) {
	case nil:
		return t.create(parent, k, headed)
	case map[string]any:
		if t.kinds[at] == implied {
			t.kinds[at] = headed
			return table{v, at}
		}
	}
	return t.twice(k, at)
}

// appendTo is for [[table]].
func (t *tomlReader) appendTo(parent table, k key) table {
	at := parent.at.child(k.name)
	list, ok := parent.values[k.name].([]any)
	if _, exists := parent.values[k.name]; exists && (!ok || t.kinds[at] != listed) {
		return t.twice(k, at)
	}
	if !ok && !t.checkKey(k.name, k.at, len(parent.values)) || !t.fits(at, k.at) {
		return table{}
	}
	if !ok {
		t.kinds[at] = listed
		t.index[at] = place{key: k.at, value: k.at}
	}
	m := map[string]any{}
	parent.values[k.name] = append(list, m)
	t.index[at.item(len(list))] = place{value: k.at}
	return table{m, at.item(len(list))}
}

func (t *tomlReader) keyValue(parent table, n *unstable.Node) {
	keys := t.keys(n)
	if len(keys) == 0 {
		return
	}
	for _, k := range keys[:len(keys)-1] {
		if parent = t.step(parent, k, dotted); parent.values == nil {
			return
		}
	}
	k := keys[len(keys)-1]
	at := parent.at.child(k.name)
	if _, ok := parent.values[k.name]; ok {
		t.twice(k, at)
		return
	}
	if !t.checkKey(k.name, k.at, len(parent.values)) {
		return
	}
	t.index[at] = place{key: k.at, value: t.valuePosition(n)}
	parent.values[k.name] = t.value(n.Value(), at)
}

// valuePosition returns where the value of a key begins. The parser does not tell
// it for arrays, but between the key and the value there is only "=" and space.
func (t *tomlReader) valuePosition(n *unstable.Node) Position {
	var i uint32
	for it := n.Key(); it.Next(); {
		i = it.Node().Raw.Offset + it.Node().Raw.Length
	}
	for bytes.IndexByte([]byte(" \t="), t.parser.Data()[i]) >= 0 {
		i++
	}
	return t.position(unstable.Range{Offset: i})
}

// value converts a value, after its place was recorded as that of what holds it.
func (t *tomlReader) value(n *unstable.Node, at path) any {
	if n.Raw.Length > 0 {
		p := t.index[at]
		p.value = t.position(n.Raw)
		t.index[at] = p
	}
	if !t.fits(at, t.index[at].value) || !t.checkDepth(t.depth, t.index[at].value) {
		return unreadable{}
	}
	t.depth++
	defer func() { t.depth-- }()
	switch n.Kind {
	case unstable.Bool:
		return string(n.Data) == "true"
	case unstable.Integer, unstable.Float:
		return Number(n.Data)
	case unstable.Array:
		list := []any{}
		for it := n.Children(); it.Next(); {
			item := at.item(len(list))
			t.index[item] = place{value: t.index[at].value}
			list = append(list, t.value(it.Node(), item))
		}
		return list
	case unstable.InlineTable:
		t.kinds[at] = inline
		m := map[string]any{}
		for it := n.Children(); it.Next(); {
			t.keyValue(table{m, at}, it.Node())
		}
		return m
	case unstable.LocalDate, unstable.LocalTime, unstable.LocalDateTime, unstable.DateTime:
		t.Add(t.index[at].value, fmt.Sprintf("put quotes around text: \"%s\"", n.Data), "no setting is a date or a time")
		return unreadable{}
	}
	return string(n.Data)
}

func (t *tomlReader) checkDepth(depth int, at Position) bool {
	if depth > maxDepth {
		t.Add(at, "", "values are nested too deeply")
	}
	return depth <= maxDepth
}

func (t *tomlReader) twice(k key, at path) table {
	t.partial[at] = true
	t.Add(k.at, twiceHint, "`%s` stands here twice, first in line %d", k.name, t.index[at].key.Line)
	return table{}
}

// position returns where a range begins. Ranges mostly come in order, so it goes on
// from the one before instead of counting from the beginning each time.
func (t *tomlReader) position(r unstable.Range) Position {
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
