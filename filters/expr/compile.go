package expr

import (
	"errors"
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// Bounds of an expression. They bound what it costs, and the depth of functions that
// call each other.
const (
	maxBytes = 4096
	maxParts = 1000
)

// maxNumber bounds constants, so that no sum of maxParts overflows.
const maxNumber = 1 << 40

// compiler makes functions of the parts of an expression.
type compiler struct {
	text   string
	fields []*field // that were asked for, in the order of their first use
}

// compile returns the condition that an expression stands for, and the fields that it
// asks for.
func compile(text string) (condition, []*field, error) {
	if len(text) > maxBytes {
		return nil, nil, fmt.Errorf("the expression has %d bytes, more than %d", len(text), maxBytes)
	}
	c := &compiler{text: text}
	config := conf.CreateNew()
	config.MaxNodes = maxParts
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		return nil, nil, c.syntax(err)
	}
	when, err := c.condition(tree.Node)
	return when, c.fields, err
}

// syntax returns an error of the parser in our form.
func (c *compiler) syntax(err error) error {
	e, ok := errors.AsType[*file.Error](err)
	if !ok {
		return fmt.Errorf("parse expression: %w", err)
	}
	return c.wrongAt(e.From, "%s", e.Message)
}

// condition compiles a part that holds or does not.
func (c *compiler) condition(node ast.Node) (condition, error) {
	switch n := node.(type) {
	case *ast.BoolNode:
		return func(*view) bool { return n.Value }, nil
	case *ast.UnaryNode:
		if n.Operator == "!" || n.Operator == "not" {
			return c.negation(n)
		}
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.CallNode:
		return c.call(n)
	}
	o, err := c.operand(node)
	if err != nil {
		return nil, err
	}
	return nil, c.wrong(node, "%v is not a condition; compare it with something", o.kind)
}

func (c *compiler) negation(n *ast.UnaryNode) (condition, error) {
	inner, err := c.condition(n.Node)
	if err != nil {
		return nil, err
	}
	return func(v *view) bool { return !inner(v) }, nil
}

func (c *compiler) binary(n *ast.BinaryNode) (condition, error) {
	switch n.Operator {
	case "&&", "and":
		return c.both(n, func(l, r condition) condition {
			return func(v *view) bool { return l(v) && r(v) }
		})
	case "||", "or":
		return c.both(n, func(l, r condition) condition {
			return func(v *view) bool { return l(v) || r(v) }
		})
	case "==":
		return c.equal(n)
	case "!=":
		equal, err := c.equal(n)
		return func(v *view) bool { return !equal(v) }, err
	case "<", "<=", ">", ">=":
		return c.order(n)
	case "in":
		return c.member(n)
	case "+", "-":
		return nil, c.wrong(n, "a number is not a condition; compare it with something")
	}
	return nil, c.unavailable(n)
}

func (c *compiler) both(n *ast.BinaryNode, join func(l, r condition) condition) (condition, error) {
	left, err := c.condition(n.Left)
	if err != nil {
		return nil, err
	}
	right, err := c.condition(n.Right)
	if err != nil {
		return nil, err
	}
	return join(left, right), nil
}

// call compiles known(field), the only function.
func (c *compiler) call(n *ast.CallNode) (condition, error) {
	name, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || name.Value != "known" {
		return nil, c.unavailable(n)
	}
	if len(n.Arguments) != 1 {
		return nil, c.wrong(n, "known takes one field")
	}
	id, ok := n.Arguments[0].(*ast.IdentifierNode)
	if !ok {
		return nil, c.wrong(n.Arguments[0], "known takes a field")
	}
	f, err := c.field(id)
	if err != nil {
		return nil, err
	}
	if f.kind == anAddress {
		return func(v *view) bool { return f.address(v).IsValid() }, nil
	}
	return func(v *view) bool {
		_, known := f.number(v)
		return known
	}, nil
}

// field returns the field of a name.
func (c *compiler) field(n *ast.IdentifierNode) (*field, error) {
	i := slices.IndexFunc(c.fields, func(f *field) bool { return f.name == n.Value })
	if i >= 0 {
		return c.fields[i], nil
	}
	var names []string
	for _, f := range allFields() {
		if f.name == n.Value {
			c.fields = append(c.fields, f)
			return f, nil
		}
		names = append(names, f.name)
	}
	return nil, c.wrong(n, "unknown field %s; there are %s", n.Value, list(names))
}
