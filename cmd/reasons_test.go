package cmd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestReasonsAreCalledAsTheirConstants reads the plugins: where a constant stands beside the
// name of a reason, both say the same. If two were swapped, packets would be counted as what
// they are not.
func TestReasonsAreCalledAsTheirConstants(t *testing.T) {
	found := 0
	for _, pattern := range []string{"../filters/*/*.go", "../sinks/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				for constant, reason := range reasonsIn(n) {
					found++
					if strings.ReplaceAll(reason, "-", "") != strings.ToLower(constant) {
						t.Errorf("%s: the reason %s is called %q", name, constant, reason)
					}
				}
				return true
			})
		}
	}
	if found < 60 {
		t.Errorf("found %d reasons", found)
	}
}

// reasonsIn returns the names by their constants: of a pipeline.Reasons, or of a row of the
// checks of filters/sane.
func reasonsIn(n ast.Node) map[string]string {
	names := map[string]string{}
	add := func(constant, name ast.Expr) {
		id, isName := constant.(*ast.Ident)
		text, isText := name.(*ast.BasicLit)
		if !isName || !isText {
			return
		}
		if value, err := strconv.Unquote(text.Value); err == nil {
			names[id.Name] = value
		}
	}
	literal, ok := n.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	if t, ok := literal.Type.(*ast.SelectorExpr); ok && types.ExprString(t) == "pipeline.Reasons" {
		for _, e := range literal.Elts {
			row := e.(*ast.KeyValueExpr)
			add(row.Key, row.Value.(*ast.CompositeLit).Elts[0].(*ast.KeyValueExpr).Value)
		}
	}
	if literal.Type == nil && len(literal.Elts) == 5 {
		add(literal.Elts[0], literal.Elts[2])
	}
	return names
}
