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
	address  address // of addresses
	text     string  // of texts
}

// value returns the number of a constant.
func (o operand) value() int64 {
	n, _ := o.number(nil)
	return n
}

// operand compiles a part that can be compared.
func (c *compiler) operand(node ast.Node) (operand, error) {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		f, err := c.field(n)
		if err != nil {
			return operand{}, err
		}
		return operand{node: n, kind: f.kind, number: f.number, address: f.address}, nil
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
	return operand{node: node, kind: aNumber, constant: true, number: func(*view) (int64, bool) { return n, true }}, nil
}

// numeric compiles a part that must be a number.
func (c *compiler) numeric(node ast.Node) (operand, error) {
	o, err := c.operand(node)
	if err == nil && o.kind != aNumber {
		err = c.wrong(node, "%v stands where a number is needed", o.kind)
	}
	return o, err
}

func (c *compiler) signed(n *ast.UnaryNode) (operand, error) {
	o, err := c.numeric(n.Node)
	if err != nil || n.Operator == "+" {
		return o, err
	}
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
	sign := int64(1)
	if n.Operator == "-" {
		sign = -1
	}
	return operand{node: n, kind: aNumber, constant: left.constant && right.constant, number: func(v *view) (int64, bool) {
		l, knowsLeft := left.number(v)
		r, knowsRight := right.number(v)
		return l + sign*r, knowsLeft && knowsRight
	}}, nil
}
