package variable_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config/disk"
	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/cmd/internal/config/variable"
)

// expand replaces the variables of a file with one setting, whose value is text.
func expand(t *testing.T, e *variable.Expander, name, text string) (*syntax.Node, mistake.Mistakes) {
	t.Helper()
	r := mistake.NewReport()
	root := syntax.Read(name, []byte(text), r)
	if root == nil {
		t.Fatal(r.Err())
	}
	e.Report = r
	e.Expand(root)
	return root.Table()[0], r.Mistakes
}

func TestExpand(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.toml")
	for file, text := range map[string]string{"line": "l\r\n", "two": "1\n2\n\n", "latin": "\xe4"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("A", "a${B}")
	t.Setenv("EMPTY", "")
	t.Setenv("LATIN", "\xe4")
	for _, tc := range []struct{ text, want, origin, mistake string }{
		{"plain", "plain", "", ""},
		{"$$ $ $$$A 5$", "$ $ $$A 5$", "", ""},
		{"x${A}y", "xa${B}y", "environment A", ""},
		{"${A:-d}", "a${B}", "environment A", ""},
		{"${A}${A}", "a${B}a${B}", "environment A", ""},
		{"${A}${NONE:-d}${A}", "a${B}da${B}", "environment A, default of NONE, environment A", ""},
		{"${EMPTY}", "", "environment EMPTY", ""},
		{"${EMPTY:-:-}", ":-", "default of EMPTY", ""},
		{"$${A}", "${A}", "", ""},
		{"${A:?m}", "a${B}", "environment A", ""},
		{"${A:+b}", "", "", ":1:6: \"A:+b\" is not the name of an environment variable; write `${NAME}`, `${NAME:-DEFAULT}`, `${NAME:?MESSAGE}` or `${file:PATH}`, or `$${` for a literal `${`"},
		{"${NONE:?set it to \"b\"}", "", "", ":1:6: environment variable `NONE` is not set; set it to \"b\""},
		{"${EMPTY:?m}", "", "", ":1:6: environment variable `EMPTY` is not set; m"},
		{"${file:line}", "l", "file " + dir + "/line", ""},
		{"${file:" + dir + "/two}", "1\n2\n", "file " + dir + "/two", ""},
		{"ab${NONE}", "", "", ":1:8: environment variable `NONE` is not set; set it, or give it a default: `${NONE:-DEFAULT}`"},
		{"${A", "", "", ":1:6: `${` is not closed; add `}`, or write `$${` for a literal `${`"},
		{"${A:-${B}}", "", "", ":1:6: variables cannot be nested"},
		{"${1}", "", "", ":1:6: \"1\" is not the name of an environment variable; write `${NAME}`, `${NAME:-DEFAULT}`, `${NAME:?MESSAGE}` or `${file:PATH}`, or `$${` for a literal `${`"},
		{"$$ ${A}${file:}", "", "", ":1:13: `${file:}` names no file; write `${file:PATH}`"},
		{"${LATIN}", "", "", ":1:6: environment variable `LATIN` is not UTF-8"},
		{"${file:latin}", "", "", ":1:6: read " + dir + "/latin: is not UTF-8"},
		{"${file:none}", "", "", ":1:6: read " + dir + "/none: no such file or directory; paths are relative to the folder of the configuration file"},
		{"${file:/none}", "", "", ":1:6: read /none: no such file or directory"},
	} {
		e := &variable.Expander{Files: disk.NewReader(t.Context())}
		n, mistakes := expand(t, e, name, "a = '"+tc.text+"'\n")
		got := ""
		for _, m := range mistakes {
			got += strings.TrimPrefix(m.Short(), name)
		}
		if got != tc.mistake {
			t.Errorf("%s: %s\nwant %s", tc.text, got, tc.mistake)
		}
		if _, unreadable := n.Value.(syntax.Unreadable); unreadable != (tc.mistake != "") {
			t.Errorf("%s is %v", tc.text, n.Value)
		} else if !unreadable && (n.Value != tc.want || n.At.Origin != tc.origin || n.Untyped != (tc.origin != "")) {
			t.Errorf("%s is %q of %q", tc.text, n.Value, n.At.Origin)
		}
	}
}

// TestEverywhere replaces variables in lists and tables, and names the lines of values of
// several.
func TestEverywhere(t *testing.T) {
	t.Setenv("A", "a")
	e := &variable.Expander{Files: disk.NewReader(t.Context())}
	n, mistakes := expand(t, e, "a.yaml", "x:\n- $$\n- [\"${A}\", {z: \"${A}${A}\"}, 5]\n- |\n  ${A}\n  ${NO}\n- '${NO} ${A} ${NO}'\n")
	if want := "$, a, {z: aa}, 5, "; !strings.HasPrefix(n.Line(), want) {
		t.Errorf("%s, want %s", n.Line(), want)
	}
	var got []string
	for _, m := range mistakes {
		got = append(got, m.Short()[:strings.Index(m.Short(), ":")+6])
	}
	if diff := cmp.Diff([]string{"a.yaml:4:3: ", "a.yaml:7:4: ", "a.yaml:7:15:"}, got); diff != "" {
		t.Errorf("%s\n%v", diff, mistakes)
	}
}

// TestPlaces wants the column of a variable behind other dollar signs.
func TestPlaces(t *testing.T) {
	for text, column := range map[string]int{
		"'$x$' = 'a${NONE}'\n":        11,
		"'$x$' = '${NONE}'\n":         10,
		"x = '$$ $5 ${NONE} ${A:-b}'": 12,
		"x = '${A:-b}${NONE}$'":       13,
		"x: ${A:-b}${NONE}":           11,
	} {
		name := "a.toml"
		if strings.HasPrefix(text, "x:") {
			name = "a.yaml"
		}
		e := &variable.Expander{Files: disk.NewReader(t.Context())}
		if _, mistakes := expand(t, e, name, text); len(mistakes) != 1 || mistakes[0].Column != column {
			t.Errorf("%s: %v", text, mistakes)
		}
	}
}

// TestTooLong wants the values of all files together to be bounded.
func TestTooLong(t *testing.T) {
	t.Setenv("LONG", strings.Repeat("x", 1<<10))
	t.Setenv("ONE", "1")
	mib := strings.Repeat("${LONG}", 1<<10)
	for name, tc := range map[string]struct {
		values []string // the last of which is too long
	}{
		"several": {[]string{mib, mib, mib, mib, "${ONE}"}},
		"one":     {[]string{mib + mib + mib + mib + "${ONE}"}},
		"text":    {[]string{"x" + mib + mib + mib + mib}},
	} {
		e := &variable.Expander{Files: disk.NewReader(t.Context())}
		for i, value := range tc.values {
			_, mistakes := expand(t, e, "a.yaml", "a: '"+value+"'\n")
			if (len(mistakes) > 0) != (i == len(tc.values)-1) {
				t.Errorf("%s, value %d: %.200v", name, i, mistakes)
			}
			for _, m := range mistakes {
				if m.Message != "values with variables are longer than 4194304 bytes" {
					t.Error(m.Message)
				}
			}
		}
	}
	e := &variable.Expander{Files: disk.NewReader(t.Context())}
	const unset = "environment variable `NONE` is not set"
	if _, mistakes := expand(t, e, "a.yaml", "a: '"+mib+mib+mib+mib+"x${NONE}'\n"); len(mistakes) != 1 || mistakes[0].Message != unset {
		t.Errorf("%.200v", mistakes)
	}

	// 4 MiB are not too long, nor is what holds no variables.
	t.Setenv("EMPTY", "")
	e = &variable.Expander{Files: disk.NewReader(t.Context())}
	for i, value := range []string{mib + mib + mib + mib, "plain", "${EMPTY}"} {
		if _, mistakes := expand(t, e, "a.yaml", "a: '"+value+"'\n"); len(mistakes) > 0 {
			t.Errorf("value %d: %.200v", i, mistakes)
		}
	}
}
