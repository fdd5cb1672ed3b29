package syntax_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
)

// TestTree compares the trees of files, with the places of all nodes, with golden files.
func TestTree(t *testing.T) {
	for _, name := range []string{"good.yaml", "good.toml", "good.json", "anchors.yaml", "odd.yaml", "types.toml", "twice.toml", "documents.yaml"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("../testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			r := mistake.NewReport()
			text := tree(syntax.Read(name, data, r))
			for _, m := range r.Mistakes {
				text += m.Short() + "\n"
			}
			goldentest.Compare(t, "testdata/"+name+".tree", text)
		})
	}
}

// tree writes a node a line.
func tree(n *syntax.Node) string {
	if n == nil {
		return "nothing\n"
	}
	var b strings.Builder
	write(&b, n, "")
	return b.String()
}

func write(b *strings.Builder, n *syntax.Node, indent string) {
	b.WriteString(indent)
	if n.Name != "" {
		fmt.Fprintf(b, "%s at %d:%d is ", n.Name, n.NameAt.Line, n.NameAt.Column)
	}
	switch v := n.Value.(type) {
	case syntax.List:
		fmt.Fprintf(b, "list of %d", len(v))
	case syntax.Table:
		fmt.Fprintf(b, "table of %d", len(v))
	default:
		fmt.Fprintf(b, "%T %#v", v, v)
	}
	fmt.Fprintf(b, " at %d:%d", n.At.Line, n.At.Column)
	if n.Via.Line > 0 {
		fmt.Fprintf(b, " via %d:%d", n.Via.Line, n.Via.Column)
	}
	if n.Repeated {
		b.WriteString(" repeated")
	}
	if n.Untyped {
		b.WriteString(" untyped")
	}
	b.WriteString("\n")
	children, _ := n.Value.(syntax.List)
	for _, child := range append(children, n.Table()...) {
		write(b, child, indent+"  ")
	}
}

// TestForms reads ways to write the same, and what is no file of settings.
func TestForms(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"a.yaml", "a: 1\n", "table of 1 at 1:1\n  a at 1:1 is syntax.Number \"1\" at 1:4\n"},
		{"a.YML", "\ufeff'a' :\r\n  - x\r  - {b: null}\n", "table of 1 at 1:1\n  a at 1:1 is list of 2 at 2:3\n    string \"x\" at 2:5\n    table of 1 at 3:5\n      b at 3:6 is <nil> <nil> at 3:9\n"},
		{"a", "? a\n: b\n", "table of 1 at 1:3\n  a at 1:3 is string \"b\" at 2:3\n"},
		{"a.yaml", "a: !!str |\n  x\n", "table of 1 at 1:1\n  a at 1:1 is string \"x\\n\" at 1:10\n"},
		{"a.yaml", "a: !!str 010\nc: !!int 5\nb: !!str\n", "table of 3 at 1:1\n  a at 1:1 is string \"010\" at 1:4\n  c at 2:1 is syntax.Number \"5\" at 2:10\n  b at 3:1 is string \"\" at 3:4\n"},
		{"a.yaml", "a: [.5, 1e3, 0x1F, .inf, -.INF, .nan, 1_000, 18446744073709551616]\n", "table of 1 at 1:1\n  a at 1:1 is list of 8 at 1:4\n" +
			"    syntax.Number \".5\" at 1:5\n    syntax.Number \"1e3\" at 1:9\n    syntax.Number \"0x1F\" at 1:14\n    syntax.Number \"inf\" at 1:20\n" +
			"    syntax.Number \"-inf\" at 1:26\n    syntax.Number \"nan\" at 1:33\n    syntax.Number \"1_000\" at 1:39\n    syntax.Number \"18446744073709551616\" at 1:46\n"},
		{"a.yaml", "a: !!seq [x]\nb: !!map {c: !!bool true}\nd: !!float 1.5\n", "table of 3 at 1:1\n  a at 1:1 is list of 1 at 1:10\n    string \"x\" at 1:11\n" +
			"  b at 2:1 is table of 1 at 2:10\n    c at 2:11 is bool true at 2:21\n  d at 3:1 is syntax.Number \"1.5\" at 3:12\n"},
		{"a.yaml", "x: &x {a: 1}\ny: &y {b: 2, a: 3}\nz:\n  <<: [*x, *y]\n  c: 4\n", "table of 3 at 1:1\n  x at 1:1 is table of 1 at 1:7\n    a at 1:8 is syntax.Number \"1\" at 1:11\n" +
			"  y at 2:1 is table of 2 at 2:7\n    b at 2:8 is syntax.Number \"2\" at 2:11\n    a at 2:14 is syntax.Number \"3\" at 2:17\n" +
			"  z at 3:1 is table of 3 at 4:3\n    a at 1:8 is syntax.Number \"1\" at 1:11 via 4:8\n    b at 2:8 is syntax.Number \"2\" at 2:11 via 4:12\n    c at 5:3 is syntax.Number \"4\" at 5:6\n"},
		{"a.yaml", "x: &x {a: 1}\ny: &y {<<: *x, a: 2}\nz: {<<: *y}\n", "table of 3 at 1:1\n  x at 1:1 is table of 1 at 1:7\n    a at 1:8 is syntax.Number \"1\" at 1:11\n" +
			"  y at 2:1 is table of 1 at 2:7\n    a at 2:16 is syntax.Number \"2\" at 2:19\n" +
			"  z at 3:1 is table of 1 at 3:4\n    a at 2:16 is syntax.Number \"2\" at 2:19 via 3:9\n"},
		{"a.yaml", "a: {}\nb: []\nc: ''\n", "table of 3 at 1:1\n  a at 1:1 is table of 0 at 1:4\n  b at 2:1 is list of 0 at 2:4\n  c at 3:1 is string \"\" at 3:4\n"},
		{"a.yaml", "a: " + strings.Repeat("{a: ", 3) + "1}}}\nb: 2\n", "table of 2 at 1:1\n  a at 1:1 is table of 1 at 1:4\n    a at 1:5 is table of 1 at 1:8\n" +
			"      a at 1:9 is table of 1 at 1:12\n        a at 1:13 is syntax.Number \"1\" at 1:16\n  b at 2:1 is syntax.Number \"2\" at 2:4\n"},
		{"a.yaml", "a: 5  \nb: y   # z\n", "table of 2 at 1:1\n  a at 1:1 is syntax.Number \"5\" at 1:4\n  b at 2:1 is string \"y\" at 2:4\n"},
		{"a.yaml", "", "<nil> <nil> at 0:0\n"},
		{"a.yaml", "# x\n", "<nil> <nil> at 0:0\n"},
		{"a.yaml", "%YAML 1.2\n---\n~\n", "<nil> <nil> at 0:0\n"},
		{"a.toml", "# x\n", "<nil> <nil> at 0:0\n"},
		{"a.toml", "a.b = 1\na.'c' = [1,\n  {d = 'x'}]\n", "table of 1 at 0:0\n  a at 1:1 is table of 2 at 1:1\n    b at 1:3 is syntax.Number \"1\" at 1:7\n" +
			"    c at 2:3 is list of 2 at 2:9\n      syntax.Number \"1\" at 2:10\n      table of 1 at 3:3\n        d at 3:4 is string \"x\" at 3:8\n"},
		{"a.toml", "[[a]]\n[[a]]\nb = 1\n[a.c]\n[[a]]\n", "table of 1 at 0:0\n  a at 1:3 is list of 3 at 1:3\n    table of 0 at 1:3\n    table of 2 at 2:3\n" +
			"      b at 3:1 is syntax.Number \"1\" at 3:5\n      c at 4:4 is table of 0 at 4:4\n    table of 0 at 5:3\n"},
		{"a.toml", "a = true\nb = \"\"\"\nx\"\"\"\n", "table of 2 at 0:0\n  a at 1:1 is bool true at 1:5\n  b at 2:1 is string \"x\" at 2:5\n"},
	} {
		r := mistake.NewReport()
		got := tree(syntax.Read(tc.name, []byte(tc.text), r))
		if diff := cmp.Diff(tc.want, got); diff != "" || len(r.Mistakes) > 0 {
			t.Errorf("%s %q: %v\n%s", tc.name, tc.text, r.Mistakes, diff)
		}
	}
}

// TestFormMistakes has texts that are wrong in form though the parsers take them.
func TestFormMistakes(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	var names strings.Builder
	for i := range 1001 {
		fmt.Fprintf(&names, "n%d = 1\n", i)
	}
	for _, tc := range []struct{ name, text, want string }{
		{"a.yaml", "a: " + deep(62) + "\n", ""},
		{"a.yaml", "a: " + deep(64) + "\n", "1:67: values are nested too deeply"},
		{"a.yaml", "a: " + deep(66) + "\n", "1:68: values are nested too deeply"},
		{"a.yaml", "a:\n  " + strings.Repeat("- ", 62) + "1\n", ""},
		{"a.yaml", "a:\n  " + strings.Repeat("- ", 65) + "1\n", "2:131: values are nested too deeply"},
		{"a.yaml", "a:\n" + strings.Repeat("  - - 1\n", 65), ""},
		{"a.toml", "a = " + deep(64) + "\n", ""},
		{"a.toml", "a = " + deep(66) + "\n", "1:5: values are nested too deeply"},
		{"a.toml", "a" + strings.Repeat(".a", 63) + " = 1\n", ""},
		{"a.toml", "a" + strings.Repeat(".a", 64) + " = 1\n", "1:1: values are nested too deeply"},
		{"a.toml", names.String(), "1001:1: more than 1000 names in one place"},
		{"a.yaml", strings.ReplaceAll(names.String(), " =", ":"), "1001:1: more than 1000 names in one place"},
		{"a.yaml", "'': 1\n", "1:1: key \"\" is empty or contains a zero byte"},
		{"a.yaml", "\"a\\0b\": 1\n", "1:1: key \"a\\x00b\" is empty or contains a zero byte"},
		{"a.yaml", "a: *x\n", "1:4: no anchor `&x` is defined before this; define it earlier, or put quotes around text that begins with *"},
		{"a.yaml", "a: {<<: 5}\n", "1:9: `<<` needs an alias of name-value pairs; write `<<: *NAME`"},
		{"a.yaml", "- a\n", "1:1: file must contain name-value pairs; write `name: value`"},
		{"a.yaml", "a: 1\n---\nb: 2\n", "3:1: a second YAML document begins here; write one document per file"},
		{"a.yaml", "a: \xff\n", "1:4: text is not UTF-8; save the file as UTF-8"},
		{"a.yaml", "a: 07\n", "1:4: number begins with a zero; drop the zero, or put quotes around text"},
		{"a.yaml", "a: 1\na: 2\n", "2:1: `a` is declared twice, first on line 1; remove one of them"},
		{"a.toml", "a = 1\n[a]\n", "2:2: `a` is declared twice, first on line 1; remove one of them"},
		{"a.toml", "[a.b]\n[a]\n[a]\n", "3:2: `a` is declared twice, first on line 1; remove one of them"},
		{"a.toml", "[a]\n[[a]]\n", "2:3: `a` is declared twice, first on line 1; remove one of them"},
		{"a.toml", "a = {b = 1}\na.c = 2\n", "2:1: `a` is declared twice, first on line 1; remove one of them"},
		{"a.toml", "a = []\n[[a]]\n", "2:3: `a` is declared twice, first on line 1; remove one of them"},
		{"a.toml", "[[a]]\n[b]\na.x = 1\n[a.y]\n[a.y]\n", "5:4: `y` is declared twice, first on line 4; remove one of them"},
		{"a.toml", "[a.b]\n[a]\nb.c = 1\n", "3:1: `b` is declared twice, first on line 1; remove one of them"},
		{"a.toml", "a = {b = 1}\n[a.c]\n", "2:2: `a` is declared twice, first on line 1; remove one of them"},
		{"a.toml", "a = 1\na.b.c = 2\nd = 3\n", "2:1: `a` is declared twice, first on line 1; remove one of them"},
		{"a.yaml", strings.ReplaceAll(names.String(), " =", ":") + strings.ReplaceAll(names.String(), " =", ":"), "1001:1: more than 1000 names in one place"},
		{"a.yaml", "{" + strings.ReplaceAll(strings.ReplaceAll(names.String(), " =", ":"), "\n", ", ") + " x: 1, y: 2}", "1:8892: more than 1000 names in one place"},
		{"a.toml", "a = 2026-01-02\n", "1:5: no setting takes a date or a time; put quotes around the text: \"2026-01-02\""},
	} {
		if got := said(tc.name, tc.text); got != tc.want {
			t.Errorf("%s %.60q:\ngot  %s\nwant %s", tc.name, tc.text, got, tc.want)
		}
	}
}

// said returns what is said of a file, one mistake behind the other.
func said(name, text string) (all string) {
	r := mistake.NewReport()
	syntax.Read(name, []byte(text), r)
	for _, m := range r.Mistakes {
		all += strings.TrimPrefix(m.Short(), name+":")
	}
	return all
}

// TestManyValues wants a file to hold so many values and no more.
func TestManyValues(t *testing.T) {
	many := "a: [" + strings.Repeat("1,", 99_997) + "1"
	for text, want := range map[string]string{
		many + "]\n":       "",
		many + ", 1, 1]\n": "a.yaml:1:200002: file contains too many values; the limit is 100000",
	} {
		r := mistake.NewReport()
		syntax.Read("a.yaml", []byte(text), r)
		if got := strings.Join(shorts(r), "\n"); got != want {
			t.Errorf("%d bytes: %s", len(text), got)
		}
	}
}

func shorts(r *mistake.Report) (all []string) {
	for _, m := range r.Mistakes {
		all = append(all, m.Short())
	}
	return all
}
