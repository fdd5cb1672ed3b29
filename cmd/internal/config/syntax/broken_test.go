package syntax_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
)

// TestBroken reads the files of the configuration's tests, and compares what is said of
// those that are broken with the golden files.
func TestBroken(t *testing.T) {
	broken := 0
	for _, dir := range []string{"../testdata/broken", "../testdata"} {
		names, err := filepath.Glob(dir + "/*.*[nl]")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range names {
			name := filepath.Base(path)
			if strings.HasSuffix(name, ".golden") || !syntax.IsFile(name) {
				continue
			}
			t.Run(path, func(t *testing.T) {
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				t.Chdir(dir)
				r := mistake.NewReport()
				if root := syntax.Read(name, data, r); root == nil {
					broken++
					goldentest.Compare(t, name+".golden", r.Err().Error()+"\n")
				}
			})
		}
	}
	if broken < 70 {
		t.Errorf("%d files are broken", broken)
	}
}

// TestExplained has texts that no parser takes, with what is said of them.
func TestExplained(t *testing.T) {
	const notClosed = "`[` is not closed; write `]` where it ends"
	for _, tc := range []struct{ name, text, want string }{
		{"a.yaml", "# [\na: [1, 2\nc: 3\n", "2:4: " + notClosed},
		{"a.yaml", "a: [1,\n# [ b\n  2\nc: 3\n", "1:4: " + notClosed},
		{"a.yaml", "a: b # [\nc: [\nd: 5\n", "2:4: " + notClosed},
		{"a.yaml", "a: [\"x\\\"]\", 1\nb: 2\n", "1:4: " + notClosed},
		{"a.yaml", "a: [\"x\\\" [\", 1]]\n", "1:16: `]` closes nothing; remove it"},
		{"a.yaml", "a: {b: 1}}\n", "1:10: `}` closes nothing; remove it"},
		{"a.yaml", "a: [it's]]\n", "1:10: `]` closes nothing; remove it"},
		{"a.yaml", "a: [\"x # ]\"]]\n", "1:13: `]` closes nothing; remove it"},
		{"a.toml", "a = [1, # [\n2\nb = 3\n", "1:5: " + notClosed},
		{"a.toml", "a = 'x' # [\nb = [1\nc = 2\n", "2:5: " + notClosed},
		{"a.toml", "a = [\"x\\\"]\", 1\nb = 2\n", "1:5: " + notClosed},
		{"a.yaml", "  a: 1\n b: 2\n", "2:2: indentation of 1 spaces matches no line above; indent by 2 spaces"},
		{"a.yaml", "a:\n    b: 1\n  c: 2\n", "3:3: indentation of 2 spaces matches no line above; indent by 4 or 0 spaces"},
		{"a.yaml", "a: 1\nword\n  b: 2\n", "2:5: a colon is missing; write `word:`"},
		{"a.yaml", "a: 1\nword\nb: 2\n", "2:5: a colon is missing; write `word:`"},
		{"a.yaml", "a:\n  b: [x] y\n", "2:10: this is not allowed here; check the indentation here and above"},
		{"a.yaml", "a: b: c", "1:4: there is a second colon on this line; put quotes around the text: `a: \"b: c\"`"},
		{"a.yaml", "a:\n  word\nb: c: d\n", "3:4: there is a second colon on this line; put quotes around the text: `b: \"c: d\"`"},
		{"a.yaml", "a: 1\n  b: 2\n", "2:3: line is indented deeper than the one above, which already has a value; indent by 0 spaces"},
		{"a.yaml", "a: 1\n\u00a0b: 2: 3\n", "2:1: this is U+00A0, not a plain space; write a plain space"},
		{"a.yaml", "a: x\u00a0y\nb: 2: 3\n", "2:4: there is a second colon on this line; put quotes around the text: `b: \"2: 3\"`"},
		{"a.toml", "a = \u00a01\n", "1:5: this is U+00A0, not a plain space; write a plain space"},
	} {
		if got := said(tc.name, tc.text); got != tc.want {
			t.Errorf("%s %q:\ngot  %s\nwant %s", tc.name, tc.text, got, tc.want)
		}
	}
}
