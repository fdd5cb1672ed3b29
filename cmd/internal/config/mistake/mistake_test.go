package mistake_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

func TestText(t *testing.T) {
	m := mistake.Mistake{File: "a.yaml", Line: 12, Column: 4, Message: "wrong", Hint: "write b", Excerpt: "\tx\u00e4ay\x1b"}
	if diff := cmp.Diff("a.yaml:12:4: wrong; write b\n  12 | \txäay\ufffd\n     | \t  ^", m.Error()); diff != "" {
		t.Error(diff)
	}
	styled := m.Text(mistake.Style{Place: "1", Message: "31", Hint: "32", Margin: "34", Caret: "35"})
	if diff := cmp.Diff("\x1b[1ma.yaml:12:4:\x1b[m \x1b[31mwrong\x1b[m; \x1b[32mwrite b\x1b[m\n  \x1b[34m12 |\x1b[m \txäay\ufffd\n  \x1b[34m   |\x1b[m \t  \x1b[35m^\x1b[m", styled); diff != "" {
		t.Error(diff)
	}
	for want, m := range map[string]mistake.Mistake{
		"wrong":                     {Message: "wrong"},
		"-i: wrong":                 {File: "-i", Message: "wrong"},
		"a:1:2: warning: may be":    {File: "a", Line: 1, Column: 2, Message: "may be", Warning: true},
		"a:1:2: warning: may be; b": {File: "a", Line: 1, Column: 2, Message: "may be", Warning: true, Hint: "b"},
	} {
		if got := m.Short(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	all := mistake.Mistakes{{Message: "a"}, {Message: "b"}}
	if all.Error() != "a\nb" {
		t.Error(all.Error())
	}
}

// TestWindow shows parts of long lines.
func TestWindow(t *testing.T) {
	line := strings.Repeat("0123456789", 20)
	for _, tc := range []struct {
		excerpt string
		column  int
		want    string
		caret   int
	}{
		{"short", 3, "short", 2},
		{line[:70], 70, line[:70], 69},
		{line[:71], 1, line[:69] + "…", 0},
		{line[:71], 71, "…" + line[2:71], 69},
		{line, 1, line[:69] + "…", 0},
		{line, 36, line[:69] + "…", 35},
		{line, 100, "…" + line[65:133] + "…", 35},
		{line, 166, "…" + line[131:], 35},
		{line, 201, "…" + line[131:], 70},
	} {
		excerpt, caret := mistake.Mistake{Excerpt: tc.excerpt, Column: tc.column}.Window()
		if excerpt != tc.want || caret != tc.caret {
			t.Errorf("%d of %d: %q, %d\nwant %q, %d", tc.column, len(tc.excerpt), excerpt, caret, tc.want, tc.caret)
		}
	}
	m := mistake.Mistake{File: "a", Line: 1, Column: 4, Message: "m", Excerpt: "ab"}
	if !strings.HasSuffix(m.Error(), "| ab\n    |    ^") {
		t.Errorf("behind the end: %q", m.Error())
	}
}

// TestReport wants mistakes in order, each once.
func TestReport(t *testing.T) {
	r := mistake.NewReport()
	if r.Err() != nil {
		t.Error("mistakes of nothing")
	}
	r.Texts["b"] = []string{"one", "two"}
	r.Files = []string{"b", "a"}
	at := func(file string, line, column int) mistake.Position {
		return mistake.Position{File: file, Line: line, Column: column}
	}
	for _, p := range []mistake.Position{at("a", 1, 1), at("b", 2, 2), at("b", 2, 1), at("b", 1, 9), at("b", 2, 1), at("--x", 0, 0), at("b", 3, 1)} {
		r.Add(p, "do", "at %d", p.Line)
	}
	r.Warn(at("a", 1, 1), "", "w")
	want := "--x: at 0; do\nb:1:9: at 1; do\n  1 | one\n    |         ^\nb:2:1: at 2; do\n  2 | two\n    | ^\nb:2:2: at 2; do\n  2 | two\n    |  ^\n" +
		"b:3:1: at 3; do\n  3 | \n    | ^\na:1:1: at 1; do\n  1 | \n    | ^\na:1:1: warning: w\n  1 | \n    | ^"
	if diff := cmp.Diff(want, r.Err().Error()); diff != "" {
		t.Error(diff)
	}
	if r.Noted != 8 {
		t.Errorf("noted %d times", r.Noted)
	}
}

func TestTooMany(t *testing.T) {
	for n, last := range map[int]string{
		100: "      | ^",
		101: "1 more mistake is not shown",
		103: "3 more mistakes are not shown",
	} {
		r := mistake.NewReport()
		for i := range n {
			if r.Full() != (i >= 100) {
				t.Errorf("full after %d: %v", i, r.Full())
			}
			r.Add(mistake.Position{File: "a", Line: i + 1, Column: 1}, "", "m")
		}
		lines := strings.Split(r.Err().Error(), "\n")
		if len(r.Mistakes) != 100 || lines[len(lines)-1] != last {
			t.Errorf("%d mistakes of %d: %s", len(r.Mistakes), n, lines[len(lines)-1])
		}
	}
}

// TestShorten cuts what is long, and replaces what can't be printed.
func TestShorten(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, tc := range []struct{ message, want string }{
		{"a\x1bb", "a\ufffdb"},
		{"is " + x(300), "is " + x(300)},
		{"is " + x(301), "is " + x(300) + "…"},
		{"`" + x(100) + "` is", "`" + x(100) + "` is"},
		{"`" + x(101) + "` is", "`" + x(100) + "…` is"},
		{`"` + x(101) + `" is`, `"` + x(100) + `…" is`},
		{`"` + x(98) + `\"" is`, `"` + x(98) + `\"" is`},
		{strings.Repeat("ä ", 600), strings.Repeat("ä ", 500) + "…"},
		{x(5000) + " " + x(5000) + " end", x(300) + "…" + " end"},
	} {
		r := mistake.NewReport()
		r.Add(mistake.Position{}, tc.message, "%s", tc.message)
		if got := r.Mistakes[0]; got.Message != tc.want || got.Hint != tc.want {
			t.Errorf("%.20q, %d: %q\nwant %q", tc.message, len(tc.message), got.Message, tc.want)
		}
	}
}

func TestErrorf(t *testing.T) {
	cause := errors.New("cause")
	err := fmt.Errorf("read: %w", mistake.Errorf("hint", "%w", cause))
	if !errors.Is(err, cause) || err.Error() != "read: cause" || mistake.HintOf(err) != "hint" || mistake.HintOf(cause) != "" {
		t.Errorf("%v; %q, %q", err, mistake.HintOf(err), mistake.HintOf(cause))
	}
}

func TestPosition(t *testing.T) {
	p := mistake.Position{File: "a.TOML", Line: 3, Column: 4, Origin: "environment A"}
	whole := mistake.Position{File: "b.json"}
	got := fmt.Sprint(p, p.From(), whole, whole.From(), p.IsTOML(), p.IsJSON(), whole.IsTOML(), whole.IsJSON())
	if want := fmt.Sprint("a.TOML:3:4", " (from environment A)", "b.json", "", true, false, false, true); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
