package syntax

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// readYAML reads YAML, and so JSON.
func (d *document) readYAML(data []byte) *Node {
	y := yamlReader{document: d, anchors: map[string]ast.Node{}}
	tokens := lexer.Tokenize(string(data))
	if !y.checkNesting(tokens) || !y.checkKeys(tokens) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		y.syntaxError(err)
		return nil
	}
	return y.root(file)
}

// yamlReader turns the parser's nodes into nodes of the tree.
type yamlReader struct {
	*document
	anchors map[string]ast.Node // those whose nodes have been read
	depth   int
	via     mistake.Position // of the outermost alias that is followed

	line      int // whose characters lineRunes are
	lineRunes []rune
}

func (y *yamlReader) root(file *ast.File) *Node {
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
		return &Node{}
	}
	if len(bodies) > 1 {
		y.Add(y.position(bodies[1]), "write one document per file", "a second YAML document begins here")
	}
	root := &Node{}
	y.read(root, bodies[0])
	if _, ok := root.Value.(Table); !ok {
		y.Add(y.position(bodies[0]), "write `name: value`", "file must contain name-value pairs")
		return nil
	}
	return root
}

// read sets the value of a node and where it stands.
func (y *yamlReader) read(to *Node, n ast.Node) {
	to.At, to.Via = y.position(n), y.via
	to.Value = Unreadable{}
	if !y.enter(to.At) {
		return
	}
	defer y.leave()

	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		to.Value = y.mapping(entries(n))
	case *ast.SequenceNode:
		list := make(List, len(n.Values))
		for i, v := range n.Values {
			list[i] = &Node{}
			y.read(list[i], v)
		}
		to.Value = list
	case *ast.AnchorNode:
		y.read(to, n.Value)
		y.anchors[n.Name.GetToken().Value] = n.Value
	case *ast.AliasNode:
		if node := y.resolve(n); node != nil {
			defer y.follow(to.At)()
			y.read(to, node)
		}
	case *ast.TagNode:
		y.tagged(to, n)
	default:
		to.Value = y.scalar(n)
	}
}

// enter reports whether there may be one more value, nested as deep as this.
func (y *yamlReader) enter(at mistake.Position) bool {
	if !y.fits(y.depth+1, at) {
		return false
	}
	y.depth++
	return true
}

func (y *yamlReader) leave() { y.depth-- }

// follow notes that an alias is followed, until the returned function is called.
func (y *yamlReader) follow(at mistake.Position) (done func()) {
	before := y.via
	y.via = cmp.Or(before, at)
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
	return Unreadable{}
}

func (y *yamlReader) number(n ast.Node, text string) any {
	if octalLooking.MatchString(text) {
		y.Add(y.position(n), leadingZeroHint, "number begins with a zero")
		return Unreadable{}
	}
	number, _ := ParseNumber(text)
	return number
}

// tagged reads a value with a tag that only says what kind it is.
func (y *yamlReader) tagged(to *Node, n *ast.TagNode) {
	if n.Value == nil {
		to.Value = nil
		return
	}
	switch tag := n.GetToken().Value; tag {
	case "!!str":
		if n.Value.GetToken().Type == token.ImplicitNullType {
			to.Value = ""
			return
		}
		if scalar, ok := n.Value.(ast.ScalarNode); ok && scalar.Type() != ast.LiteralType {
			to.Value = scalar.GetToken().Value
			return
		}
		y.read(to, n.Value)
	case "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq":
		y.read(to, n.Value)
	default:
		y.Add(y.position(n), "remove it, or put quotes around text that begins with !", "unknown tag %s", tag)
	}
}

func (y *yamlReader) resolve(n *ast.AliasNode) ast.Node {
	name := n.Value.GetToken().Value
	node, ok := y.anchors[name]
	if !ok {
		y.Add(y.position(n), "define it earlier, or put quotes around text that begins with *", "no anchor `&%s` is defined before this", name)
		return nil
	}
	return node
}

// mapping reads the entries of a map. Keys of merged maps (<<) yield to its own.
func (y *yamlReader) mapping(entries []*ast.MappingValueNode) Table {
	m := Table{}
	for _, e := range entries {
		if e.Key.IsMergeKey() {
			continue
		}
		key := e.Key.GetToken().Value
		if mk, ok := e.Key.(*ast.MappingKeyNode); ok {
			key = mk.Value.GetToken().Value
		}
		m = y.entry(m, key, e)
	}
	for _, e := range entries {
		if e.Key.IsMergeKey() {
			m = y.merge(m, e.Value)
		}
	}
	slices.SortStableFunc(m, func(a, b *Node) int {
		return cmp.Or(cmp.Compare(a.NameAt.Line, b.NameAt.Line), cmp.Compare(a.NameAt.Column, b.NameAt.Column))
	})
	return m
}

func (y *yamlReader) entry(m Table, key string, e *ast.MappingValueNode) Table {
	at := y.position(e.Key)
	if first := m.Find(key); first != nil {
		y.twice(first, at)
		return m
	}
	if !y.checkKey(key, at, m) {
		return m
	}
	n := &Node{Name: key, NameAt: at}
	y.read(n, e.Value)
	return append(m, n)
}

// merge adds the entries of the map n, or of a list of maps, that m lacks.
func (y *yamlReader) merge(m Table, n ast.Node) Table {
	here := y.position(n)
	if !y.enter(here) {
		return m
	}
	defer y.leave()
	switch n := n.(type) {
	case *ast.AliasNode:
		if node := y.resolve(n); node != nil {
			defer y.follow(here)()
			m = y.merge(m, node)
		}
	case *ast.SequenceNode:
		for _, v := range n.Values {
			m = y.merge(m, v)
		}
	case *ast.MappingNode, *ast.MappingValueNode:
		for _, e := range entries(n) {
			switch key := e.Key.GetToken().Value; {
			case e.Key.IsMergeKey():
				m = y.merge(m, e.Value)
			case m.Find(key) == nil:
				m = y.entry(m, key, e)
			}
		}
	default:
		y.Add(y.position(n), "write `<<: *NAME`", "`<<` needs an alias of name-value pairs")
	}
	return m
}

// entries returns those of a map, which may be a single one.
func entries(n ast.Node) []*ast.MappingValueNode {
	if m, ok := n.(*ast.MappingNode); ok {
		return m.Values
	}
	return []*ast.MappingValueNode{n.(*ast.MappingValueNode)}
}

// checkNesting finds nesting that the parser would need unbounded memory for.
func (y *yamlReader) checkNesting(tokens token.Tokens) bool {
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
		y.Add(mistake.Position{File: y.name}, "", "%v", err)
		return
	}
	message := strings.NewReplacer("\t", `\t`, "\n", `\n`).Replace(syntax.GetMessage())
	y.complain(y.explainYAML(y.tokenPosition(syntax.GetToken()), message))
}
