package expr

import (
	"github.com/expr-lang/expr/ast"

	"github.com/pmtud/pmtud/pipeline/prefixset"
)

// member compiles left in right, whose right side is constant.
func (c *compiler) member(n *ast.BinaryNode) (condition, error) {
	left, err := c.operand(n.Left)
	if err != nil {
		return nil, err
	}
	items := []ast.Node{n.Right}
	if list, ok := n.Right.(*ast.ArrayNode); ok {
		items = list.Nodes
	}
	if left.kind == anAddress {
		return c.inPrefixes(left.address, items)
	}
	if left.number != nil {
		return c.inSpans(left, items)
	}
	return nil, c.wrong(n.Left, "%v can't be looked up in a list", left.kind)
}

func (c *compiler) inPrefixes(addr address, items []ast.Node) (condition, error) {
	var prefixes []prefixset.Prefix
	for _, item := range items {
		text, ok := item.(*ast.StringNode)
		if !ok {
			return nil, c.wrong(item, "write a prefix such as \"192.0.2.0/24\"")
		}
		var p prefixset.Prefix
		if err := p.UnmarshalText([]byte(text.Value)); err != nil {
			return nil, c.wrong(item, "%w", err)
		}
		prefixes = append(prefixes, p)
	}
	set := prefixset.New(prefixes)
	return func(v *view) bool { return set.Has(addr(v)) }, nil
}

// span is the numbers from low to high.
type span struct{ low, high int64 }

// meets reports whether some number is in both.
func (s span) meets(other span) bool { return s.low <= other.high && other.low <= s.high }

func (c *compiler) inSpans(left operand, items []ast.Node) (condition, error) {
	var spans []span
	for _, item := range items {
		s, err := c.span(item, left.kind)
		if err == nil && !left.constant && !left.values.meets(s) {
			err = c.never(item, left)
		}
		if err != nil {
			return nil, err
		}
		spans = append(spans, s)
	}
	number := left.number
	return func(v *view) bool {
		n, known := number(v)
		if !known {
			return false
		}
		for _, s := range spans {
			if s.low <= n && n <= s.high {
				return true
			}
		}
		return false
	}, nil
}

// span compiles an element of a list: a constant or a range of them.
func (c *compiler) span(item ast.Node, of kind) (span, error) {
	if n, ok := item.(*ast.BinaryNode); ok && n.Operator == ".." {
		low, err := c.element(n.Left, of)
		if err != nil {
			return span{}, err
		}
		high, err := c.element(n.Right, of)
		if err == nil && low > high {
			err = c.wrong(n, "%d is above %d", low, high)
		}
		return span{low, high}, err
	}
	value, err := c.element(item, of)
	return span{value, value}, err
}

func (c *compiler) element(item ast.Node, of kind) (int64, error) {
	o, err := c.operand(item)
	if err == nil && o.kind == aText {
		o, err = c.read(o, of)
	}
	if err != nil {
		return 0, err
	}
	if !o.constant || o.number == nil {
		return 0, c.wrong(item, "write a number")
	}
	return o.values.low, nil
}
