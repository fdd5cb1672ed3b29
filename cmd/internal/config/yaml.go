package config

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// readYAML reads YAML, and so JSON, into d. It reports whether there is anything
// to go on with.
func (d *document) readYAML(data []byte) bool {
	y := yamlReader{document: d, anchors: map[string]ast.Node{}}
	tokens := lexer.Tokenize(string(data))
	if !y.checkDepth(tokens) || !y.checkKeys(tokens) {
		return false
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		y.syntaxError(err)
		return false
	}
	return y.root(file)
}

// yamlReader turns the nodes of a document into values.
type yamlReader struct {
	*document
	anchors map[string]ast.Node // those whose nodes have been read
	depth   int
	via     Position // of the outermost alias that is followed

	line      int // whose characters lineRunes are
	lineRunes []rune
}

func (y *yamlReader) root(file *ast.File) bool {
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		switch doc.Body.Type() {
		case ast.CommentType, ast.CommentGroupType, ast.DirectiveType:
		default:
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) == 0 || bodies[0].Type() == ast.NullType {
		y.empty = true
		return false
	}
	if len(bodies) > 1 {
		y.Add(y.position(bodies[1]), "write one document per file", "a second YAML document begins here")
	}
	tree, ok := y.value(bodies[0], "").(map[string]any)
	if !ok {
		y.Add(y.position(bodies[0]), "write `name: value`", "file must hold settings with names")
	}
	y.tree = tree
	return ok
}

// value converts a node and records where it stands.
func (y *yamlReader) value(n ast.Node, at path) any {
	here := y.position(n)
	if !y.fits(at, here) || !y.enter(here) {
		return unreadable{}
	}
	defer y.leave()
	y.record(at, here)

	switch n := n.(type) {
	case *ast.MappingNode:
		return y.mapping(n.Values, at)
	case *ast.MappingValueNode:
		return y.mapping([]*ast.MappingValueNode{n}, at)
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, v := range n.Values {
			list[i] = y.value(v, at.item(i))
		}
		return list
	case *ast.AnchorNode:
		v := y.value(n.Value, at)
		y.anchors[n.Name.GetToken().Value] = n.Value
		return v
	case *ast.AliasNode:
		if node := y.resolve(n); node != nil {
			defer y.follow(here)()
			return y.value(node, at)
		}
		return unreadable{}
	case *ast.TagNode:
		return y.tagged(n, at)
	}
	return y.scalar(n)
}

// enter reports whether a value may be nested as deep as this.
func (y *yamlReader) enter(at Position) bool {
	if y.depth == maxDepth {
		y.Add(at, "", "values are nested too deeply")
		return false
	}
	y.depth++
	return true
}

func (y *yamlReader) leave() { y.depth-- }

// follow notes that an alias is followed, until the returned function is called.
func (y *yamlReader) follow(at Position) (done func()) {
	before := y.via
	if before == (Position{}) {
		y.via = at
	}
	return func() { y.via = before }
}

func (y *yamlReader) scalar(n ast.Node) any {
	text := n.GetToken().Value
	switch n := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return y.number(n, text)
	case *ast.StringNode:
		if n.Token.Type == token.StringType && plainNumber.MatchString(text) {
			return y.number(n, text) // the parser takes 1e3 and 2^64 for text
		}
		return n.Value
	}
	y.Add(y.position(n), "", "%s is not allowed here", n.Type())
	return unreadable{}
}

func (y *yamlReader) number(n ast.Node, text string) any {
	if octalLooking.MatchString(text) {
		y.Add(y.position(n), leadingZeroHint, "number begins with a zero")
		return unreadable{}
	}
	number, _ := parseNumber(text)
	return number
}

// tagged converts a value with a tag that only says what kind it is.
func (y *yamlReader) tagged(n *ast.TagNode, at path) any {
	if n.Value == nil {
		return nil
	}
	switch tag := n.GetToken().Value; tag {
	case "!!str":
		if scalar, ok := n.Value.(ast.ScalarNode); ok && scalar.Type() != ast.LiteralType {
			return scalar.GetToken().Value
		}
		return y.value(n.Value, at)
	case "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq":
		return y.value(n.Value, at)
	default:
		y.Add(y.position(n), "leave it out, or put quotes around text that begins with !", "unknown tag %s", tag)
		return unreadable{}
	}
}

func (y *yamlReader) resolve(n *ast.AliasNode) ast.Node {
	name := n.Value.GetToken().Value
	node, ok := y.anchors[name]
	if !ok {
		y.Add(y.position(n), "define it before, or put quotes around text that begins with *", "no anchor `&%s` stands before this", name)
		return nil
	}
	return node
}

// mapping converts the entries of a map. Keys of merged maps (<<) come last, as
// they yield to the map's own.
func (y *yamlReader) mapping(entries []*ast.MappingValueNode, at path) map[string]any {
	m := map[string]any{}
	for _, e := range entries {
		if e.Key.IsMergeKey() {
			continue
		}
		key := e.Key.GetToken().Value
		if mk, ok := e.Key.(*ast.MappingKeyNode); ok {
			key = mk.Value.GetToken().Value
		}
		y.entry(m, at, key, e)
	}
	for _, e := range entries {
		if e.Key.IsMergeKey() {
			y.merge(m, e.Value, at)
		}
	}
	return m
}

func (y *yamlReader) entry(m map[string]any, at path, key string, e *ast.MappingValueNode) {
	here := y.position(e.Key)
	if _, ok := m[key]; ok {
		y.partial[at.child(key)] = true
		y.Add(here, twiceHint, "`%s` stands here twice, first in line %d", key, y.index[at.child(key)].key.Line)
		return
	}
	if !y.checkKey(key, here, len(m)) {
		return
	}
	m[key] = nil
	y.index[at.child(key)] = place{key: here}
	m[key] = y.value(e.Value, at.child(key))
}

// merge adds the entries of the map n, or of a list of maps, that m lacks.
func (y *yamlReader) merge(m map[string]any, n ast.Node, at path) {
	here := y.position(n)
	if !y.fits("", here) || !y.enter(here) {
		return
	}
	defer y.leave()
	switch n := n.(type) {
	case *ast.AliasNode:
		if node := y.resolve(n); node != nil {
			defer y.follow(here)()
			y.merge(m, node, at)
		}
	case *ast.SequenceNode:
		for _, v := range n.Values {
			y.merge(m, v, at)
		}
	case *ast.MappingNode:
		y.mergeEntries(m, n.Values, at)
	case *ast.MappingValueNode:
		y.mergeEntries(m, []*ast.MappingValueNode{n}, at)
	default:
		y.Add(y.position(n), "write the anchor of some settings: `<<: *NAME`", "`<<` merges settings, and this is none")
	}
}

func (y *yamlReader) mergeEntries(m map[string]any, entries []*ast.MappingValueNode, at path) {
	for _, e := range entries {
		if e.Key.IsMergeKey() {
			y.merge(m, e.Value, at)
			continue
		}
		if _, ok := m[e.Key.GetToken().Value]; !ok {
			y.entry(m, at, e.Key.GetToken().Value, e)
		}
	}
}

func (y *yamlReader) record(at path, value Position) {
	p := y.index[at]
	p.value, p.via = value, y.via
	y.index[at] = p
}

// checkDepth finds nesting that the parser would need unbounded memory for.
func (y *yamlReader) checkDepth(tokens token.Tokens) bool {
	brackets, line, dashes := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, dashes = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType:
			dashes++
		}
		if brackets > maxDepth || dashes > maxDepth {
			y.Add(y.tokenPosition(t), "", "values are nested too deeply")
			return false
		}
	}
	return true
}

// checkKeys finds a map in which the parser would take too long: it calls itself for each
// name of one without braces, and copies those that follow.
func (y *yamlReader) checkKeys(tokens token.Tokens) bool {
	type names struct{ column, number int }
	var open []names // of maps around, innermost last
	for i, t := range tokens {
		column := t.Position.Column
		isKey := t.Type == token.MappingKeyType || i+1 < len(tokens) && tokens[i+1].Type == token.MappingValueType
		if !isKey && t.Type != token.SequenceEntryType {
			continue
		}
		for len(open) > 0 && open[len(open)-1].column > column {
			open = open[:len(open)-1]
		}
		switch last := len(open) - 1; {
		case !isKey:
		case last < 0 || open[last].column < column:
			open = append(open, names{column, 1})
		case open[last].number == maxKeys:
			y.crowded(y.tokenPosition(t))
			return false
		default:
			open[last].number++
		}
	}
	return true
}

func (y *yamlReader) syntaxError(err error) {
	var syntax yaml.Error
	if !errors.As(err, &syntax) || syntax.GetToken() == nil {
		y.Add(Position{File: y.name}, "", "%v", err)
		return
	}
	message := strings.NewReplacer("\t", `\t`, "\n", `\n`).Replace(syntax.GetMessage())
	y.complain(y.explainYAML(y.tokenPosition(syntax.GetToken()), message))
}
