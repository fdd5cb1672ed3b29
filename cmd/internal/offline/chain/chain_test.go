package chain_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/cmd/internal/offline/chain"
)

func TestRead(t *testing.T) {
	const text = "in(a=b, ports=80,'443' ,c=\"\")+\n in2 | one() |two | out"
	const want = `pipelines 1:1
  edge 1:1
    sources 1:1
      - 1:1
        type 1:1 = in 1:1
        a 1:4 = b 1:6 untyped
        ports 1:9
          - 1:15 = 80 1:15 untyped
          - 1:18 = 443 1:18
        c 1:25 =  1:27
      - 2:2
        type 2:2 = in2 2:2
    filters 1:1
      - 2:8
        type 2:8 = one 2:8
      - 2:15
        type 2:15 = two 2:15
    sinks 1:1
      - 2:21
        type 2:21 = out 2:21
`
	r := mistake.NewReport()
	root := chain.Read(text, "edge", r)
	var got strings.Builder
	for _, n := range root.Table() {
		write(&got, "", n)
	}
	if diff := gocmp.Diff(want, got.String()); diff != "" || len(r.Mistakes) > 0 {
		t.Errorf("%v\n%s", r.Mistakes, diff)
	}
}

// write writes a node with its places, and those that it is made of below it.
func write(w *strings.Builder, indent string, n *syntax.Node) {
	fmt.Fprintf(w, "%s%s %d:%d", indent, cmp.Or(n.Name, "-"), cmp.Or(n.NameAt, n.At).Line, cmp.Or(n.NameAt, n.At).Column)
	children, isList := n.Value.(syntax.List)
	if table, ok := n.Value.(syntax.Table); ok {
		children, isList = syntax.List(table), true
	}
	if !isList {
		fmt.Fprintf(w, " = %s %d:%d", n.Value, n.At.Line, n.At.Column)
	}
	if n.Untyped {
		w.WriteString(" untyped")
	}
	w.WriteString("\n")
	for _, child := range children {
		write(w, indent+"  ", child)
	}
}

func TestReadMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "1:1: a stage is missing; write the name of a plugin",
		"a":                "1:1: the chain has no sinks; write sources | filters | sinks",
		"a | | b":          "1:5: a stage is missing; write the name of a plugin",
		"a + | b":          "1:5: a stage is missing; write the name of a plugin",
		"a b":              `1:3: unexpected "b"; separate stages by |, and sources or sinks by +`,
		"a | b)":           `1:6: unexpected ")"; separate stages by |, and sources or sinks by +`,
		"a(x=1 | b":        "1:7: the settings of `a` are not closed: `)` is missing",
		"a(x='1) | b":      "1:5: the quotes are not closed",
		"a(x=) | b":        "1:5: a value is missing",
		"a(x=1,,) | b":     "1:7: a value is missing",
		"a(1) | b":         "1:3: a value without a name; write name=value",
		"a(x=1,x=2) | b":   "1:7: setting `x` is set twice",
		"a(type=b) | b":    "1:3: setting `type` is set twice",
		"a(x=1,y=2,) | b":  "",
		"a ( x = 1 ) |\tb": "",
	} {
		r := mistake.NewReport()
		root := chain.Read(text, "edge", r)
		got := ""
		for _, m := range r.Mistakes {
			got += strings.TrimPrefix(m.Short(), "chain:")
		}
		if got != want || (root == nil) != (want != "") {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
