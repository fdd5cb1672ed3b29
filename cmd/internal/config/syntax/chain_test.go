package syntax_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
)

func TestReadChain(t *testing.T) {
	const chain = "in(a=b, ports=80,'443' ,c=\"\")+\n in2 | one() |two | out"
	const want = `table of 1 at 1:1
  pipelines at 1:1 is table of 1 at 1:1
    edge at 1:1 is table of 3 at 1:1
      sources at 1:1 is list of 2 at 1:1
        table of 4 at 1:1
          type at 1:1 is string "in" at 1:1
          a at 1:4 is string "b" at 1:6 untyped
          ports at 1:9 is list of 2 at 1:15
            string "80" at 1:15 untyped
            string "443" at 1:18
          c at 1:25 is string "" at 1:27
        table of 1 at 2:2
          type at 2:2 is string "in2" at 2:2
      filters at 1:1 is list of 2 at 1:1
        table of 1 at 2:8
          type at 2:8 is string "one" at 2:8
        table of 1 at 2:15
          type at 2:15 is string "two" at 2:15
      sinks at 1:1 is list of 1 at 1:1
        table of 1 at 2:21
          type at 2:21 is string "out" at 2:21
`
	r := mistake.NewReport()
	if diff := cmp.Diff(want, tree(syntax.ReadChain(chain, "edge", r))); diff != "" || len(r.Mistakes) > 0 {
		t.Errorf("%v\n%s", r.Mistakes, diff)
	}
}

func TestReadChainMistakes(t *testing.T) {
	for chain, want := range map[string]string{
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
		root := syntax.ReadChain(chain, "edge", r)
		got := ""
		for _, m := range r.Mistakes {
			got += strings.TrimPrefix(m.Short(), "chain:")
		}
		if got != want || (root == nil) != (want != "") {
			t.Errorf("%q: got %s, want %s", chain, got, want)
		}
	}
}
