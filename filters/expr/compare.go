package expr

import (
	"net/netip"

	"github.com/expr-lang/expr/ast"

	"github.com/pmtud/pmtud/pipeline/wire"
)

// equal compiles left == right.
func (c *compiler) equal(n *ast.BinaryNode) (condition, error) {
	left, right, err := c.operands(n)
	if err != nil {
		return nil, err
	}
	if left.kind == aText {
		left, right = right, left
	}
	if right.kind == aText {
		if right, err = c.read(right, left.kind); err != nil {
			return nil, err
		}
	}
	switch {
	case left.address != nil && right.address != nil:
		return equalAddresses(left.address, right.address), nil
	case areNumbers(left, right):
		if err := c.possible(left, right, left.values.meets(right.values)); err != nil {
			return nil, err
		}
		return compareNumbers(left.number, right.number, func(l, r int64) bool { return l == r }), nil
	}
	return nil, c.wrong(n, "%v can't be compared with %v", left.kind, right.kind)
}

// areNumbers reports whether both are numbers, or both are protocols; a constant is
// either.
func areNumbers(left, right operand) bool {
	return left.number != nil && right.number != nil &&
		(left.kind == right.kind || left.constant || right.constant)
}

// operands compiles both sides.
func (c *compiler) operands(n *ast.BinaryNode) (left, right operand, err error) {
	if left, err = c.operand(n.Left); err == nil {
		right, err = c.operand(n.Right)
	}
	return left, right, err
}

// read makes what a text stands for beside the kind.
func (c *compiler) read(o operand, beside kind) (operand, error) {
	switch beside {
	case anAddress:
		addr, err := netip.ParseAddr(o.text)
		if err != nil || addr.Zone() != "" {
			return o, c.wrong(o.node, "%q is not an address; for a prefix, write in instead of ==", o.text)
		}
		addr = addr.Unmap()
		return operand{node: o.node, kind: anAddress, constant: true, address: func(*view) netip.Addr { return addr }}, nil
	case aProtocol:
		number, ok := wire.ProtocolNamed(o.text)
		if !ok {
			return o, c.wrong(o.node, "unknown protocol %q; there are %s, and numbers", o.text, list(wire.ProtocolNames()))
		}
		return c.constant(o.node, int64(number))
	}
	return o, c.wrong(o.node, "a text can't be compared with %v", beside)
}

func equalAddresses(left, right address) condition {
	return func(v *view) bool {
		addr := left(v)
		return addr.IsValid() && addr == right(v)
	}
}

func compareNumbers(left, right number, holds func(l, r int64) bool) condition {
	return func(v *view) bool {
		l, known := left(v)
		if !known {
			return false
		}
		r, known := right(v)
		return known && holds(l, r)
	}
}

// order compiles the comparison of two numbers.
func (c *compiler) order(n *ast.BinaryNode) (condition, error) {
	left, err := c.numeric(n.Left)
	if err != nil {
		return nil, err
	}
	right, err := c.numeric(n.Right)
	if err != nil {
		return nil, err
	}
	holds := map[string]func(l, r int64) bool{
		"<":  func(l, r int64) bool { return l < r },
		"<=": func(l, r int64) bool { return l <= r },
		">":  func(l, r int64) bool { return l > r },
		">=": func(l, r int64) bool { return l >= r },
	}[n.Operator]
	l, r := left.values, right.values
	if err := c.possible(left, right, holds(l.low, r.high) || holds(l.high, r.low)); err != nil {
		return nil, err
	}
	return compareNumbers(left.number, right.number, holds), nil
}

// possible refuses a comparison that no packet can meet. One of two constants may be
// meant.
func (c *compiler) possible(left, right operand, is bool) error {
	switch {
	case is || left.constant && right.constant:
		return nil
	case left.constant:
		return c.never(left.node, right)
	}
	return c.never(right.node, left)
}

// never returns an error about a number that an operand never is: it has a digit too
// many, mostly.
func (c *compiler) never(at ast.Node, o operand) error {
	return c.wrong(at, "no packet has this: %s is from %d to %d", o.name(), o.values.low, o.values.high)
}
