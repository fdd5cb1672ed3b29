package expr

import (
	"github.com/expr-lang/expr/ast"
)

// operand is a part that can be compared.
type operand struct {
	node     ast.Node
	kind     kind
	constant bool
	number   number  // of numbers and protocols
	values   span    // that number may have
	address  address // of addresses
	text     string  // of texts
}

// name returns what the operand is called in messages.
func (o operand) name() string {
	if id, ok := o.node.(*ast.IdentifierNode); ok {
		return id.Value
	}
	return "the other side"
}

// operand compiles a part that can be compared.
func (c *compiler) operand(node ast.Node) (operand, error) {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		f, err := c.field(n)
		if err != nil {
			return operand{}, err
		}
		return operand{node: n, kind: f.kind, number: f.number, values: f.values, address: f.address}, nil
	case *ast.IntegerNode:
		return c.constant(n, int64(n.Value))
	case *ast.StringNode:
		return operand{node: n, kind: aText, text: n.Value, constant: true}, nil
	case *ast.UnaryNode:
		if n.Operator == "-" || n.Operator == "+" {
			return c.signed(n)
		}
	case *ast.BinaryNode:
		if n.Operator == "-" || n.Operator == "+" {
			return c.sum(n)
		}
	}
	return operand{}, c.unavailable(node)
}

func (c *compiler) constant(node ast.Node, n int64) (operand, error) {
	if n > maxNumber {
		return operand{}, c.wrong(node, "%d is above %d", n, int64(maxNumber))
	}
	return operand{node: node, kind: aNumber, constant: true, values: span{n, n}, number: func(*view) (int64, bool) { return n, true }}, nil
}

// numeric compiles a part that must be a number.
func (c *compiler) numeric(node ast.Node) (operand, error) {
	o, err := c.operand(node)
	if err == nil && o.kind != aNumber {
		err = c.wrong(node, "%v where a number is needed", o.kind)
	}
	return o, err
}

func (c *compiler) signed(n *ast.UnaryNode) (operand, error) {
	o, err := c.numeric(n.Node)
	if err != nil || n.Operator == "+" {
		return o, err
	}
	o.node, o.values = n, span{-o.values.high, -o.values.low}
	positive := o.number
	o.number = func(v *view) (int64, bool) {
		n, known := positive(v)
		return -n, known
	}
	return o, nil
}

func (c *compiler) sum(n *ast.BinaryNode) (operand, error) {
	left, err := c.numeric(n.Left)
	if err != nil {
		return operand{}, err
	}
	right, err := c.numeric(n.Right)
	if err != nil {
		return operand{}, err
	}
	sign, values := int64(1), span{left.values.low + right.values.low, left.values.high + right.values.high}
	if n.Operator == "-" {
		sign, values = -1, span{left.values.low - right.values.high, left.values.high - right.values.low}
	}
	return operand{node: n, kind: aNumber, constant: left.constant && right.constant, values: values, number: func(v *view) (int64, bool) {
		l, knowsLeft := left.number(v)
		r, knowsRight := right.number(v)
		return l + sign*r, knowsLeft && knowsRight
	}}, nil
}
