package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// wrong returns an error about a part of the expression.
func (c *compiler) wrong(node ast.Node, format string, args ...any) error {
	return c.wrongAt(node.Location().From, format, args...)
}

// wrongAt returns an error that says where in the expression it is, counted in
// characters.
func (c *compiler) wrongAt(from int, format string, args ...any) error {
	before, after := c.text, ""
	if at := []rune(c.text); from < len(at) {
		before, after = string(at[:from]), string(at[from:])
	}
	where := fmt.Sprintf("column %d", 1+len([]rune(before[1+strings.LastIndexByte(before, '\n'):])))
	if line := strings.Count(before, "\n"); line > 0 {
		where = fmt.Sprintf("line %d, %s", 1+line, where)
	}
	if after = excerpt(after); after != "" {
		where += ", at `" + after + "`"
	}
	return fmt.Errorf("%s: %w", where, fmt.Errorf(format, args...))
}

// excerpt returns the beginning of a text, in one line.
func excerpt(s string) string {
	const most = 20
	s, _, _ = strings.Cut(s, "\n")
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return strings.TrimSpace(s)
}

// unavailable refuses a part that the grammar has, but not this filter.
func (c *compiler) unavailable(node ast.Node) error {
	what := "this"
	switch n := node.(type) {
	case *ast.BinaryNode:
		what = "the operator " + n.Operator
		if slices.Contains([]string{"&&", "||", "and", "or", "==", "!=", "<", "<=", ">", ">=", "in"}, n.Operator) {
			return c.wrong(node, "a condition where a value is needed")
		}
	case *ast.UnaryNode: // it binds more strongly than in and ==
		return c.wrong(node, "put what %s is about in parentheses", n.Operator)
	case *ast.BoolNode:
		return c.wrong(node, "a condition where a value is needed")
	case *ast.BuiltinNode:
		what = "the function " + n.Name
	case *ast.CallNode:
		what = "this function"
	case *ast.FloatNode:
		what = "a fraction"
	case *ast.ArrayNode:
		what = "a list, except after in,"
	}
	return c.wrong(node, "%s is not available in this filter", what)
}

// list joins names for a message.
func list(names []string) string { return strings.Join(names, ", ") }
