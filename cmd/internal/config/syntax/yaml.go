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
	via     mistake.Position    // of the outermost alias that is followed

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
	if !y.descend(to.At) {
		return
	}
	defer y.ascend()

	switch n := n.(type) {
	case ast.MapNode:
		to.Value = inOrder(y.mapping(Table{}, n, false))
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

// mapping adds the entries of a map to m. What a merged map (<<) has yields to what is there.
func (y *yamlReader) mapping(m Table, n ast.MapNode, isMerged bool) Table {
	var merged []ast.Node
	for it := n.MapRange(); it.Next(); {
		if it.Key().IsMergeKey() {
			merged = append(merged, it.Value())
		} else {
			m = y.entry(m, it.KeyValue(), isMerged)
		}
	}
	for _, other := range merged {
		m = y.merge(m, other)
	}
	return m
}

func (y *yamlReader) entry(m Table, e *ast.MappingValueNode, isMerged bool) Table {
	key, at := e.Key.GetToken().Value, y.position(e.Key)
	if mk, ok := e.Key.(*ast.MappingKeyNode); ok {
		key = mk.Value.GetToken().Value
	}
	if first := m.Find(key); first != nil {
		if !isMerged {
			y.twice(first, at)
		}
		return m
	}
	if !y.checkKey(key, at, m) {
		return m
	}
	child := &Node{Name: key, NameAt: at}
	y.read(child, e.Value)
	return append(m, child)
}

func inOrder(m Table) Table {
	slices.SortStableFunc(m, func(a, b *Node) int {
		return cmp.Or(cmp.Compare(a.NameAt.Line, b.NameAt.Line), cmp.Compare(a.NameAt.Column, b.NameAt.Column))
	})
	return m
}

// merge adds the entries of the map n, or of a list of maps, that m lacks.
func (y *yamlReader) merge(m Table, n ast.Node) Table {
	here := y.position(n)
	if !y.descend(here) {
		return m
	}
	defer y.ascend()
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
	case ast.MapNode:
		m = y.mapping(m, n, true)
	default:
		y.Add(y.position(n), "write `<<: *NAME`", "`<<` needs an alias of name-value pairs")
	}
	return m
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
