package pipeline_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// mostExported bounds what a reader of the package's documentation has to take in.
const mostExported = 110

// TestSurface counts what the package exports: types, functions, methods of exported types,
// and values. Who adds a name looks first for one that can go.
func TestSurface(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			names = append(names, exported(d)...)
		}
	}
	if len(names) > mostExported {
		t.Errorf("%d exported declarations, at most %d:\n%s", len(names), mostExported, strings.Join(names, " "))
	}
	t.Logf("%d exported declarations", len(names))
}

// exported returns the exported names that a declaration has.
func exported(d ast.Decl) (names []string) {
	add := func(prefix string, ids ...*ast.Ident) {
		for _, id := range ids {
			if id.IsExported() {
				names = append(names, prefix+id.Name)
			}
		}
	}
	switch d := d.(type) {
	case *ast.FuncDecl:
		switch receiver := receiverOf(d); {
		case receiver == "":
			add("", d.Name)
		case ast.IsExported(receiver):
			add(receiver+".", d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				add("", spec.Name)
			case *ast.ValueSpec:
				add("", spec.Names...)
			}
		}
	}
	return names
}

// receiverOf returns the name of the type that a method belongs to, or nothing.
func receiverOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	t := f.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
