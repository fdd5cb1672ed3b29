package columns_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/columns"
)

// TestTable wraps the last column below its own beginning.
func TestTable(t *testing.T) {
	long := strings.Repeat("words ", 20)
	got := columns.Table([][]string{{"a", "bb", "ccc"}, {"aaaa", "b", long}})
	want := []string{
		"a     bb  ccc",
		"aaaa  b   " + strings.TrimSpace(strings.Repeat("words ", 11)),
		"          " + strings.TrimSpace(strings.Repeat("words ", 9)),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// TestFold breaks long lines between words.
func TestFold(t *testing.T) {
	for _, tc := range []struct {
		name, text, want string
		width, indent    int
	}{
		{"short", "one two", "one two", 7, 2},
		{"long", "one two three", "one two\n  three", 7, 2},
		{"no terminal", "one two three", "one two three", 0, 0},
		{"too narrow", "one two three", "one two three", 7, 4},
		{"long word", "a-long-word and one", "a-long-word\n  and\n  one", 7, 2},
		{"columns stay", "  one   two  three", "  one   two\n three", 12, 1},
		{"lines", "one two\nthree four", "one two\nthree\n four", 7, 1},
		{"colours", "\x1b[31mone\x1b[0m two three", "\x1b[31mone\x1b[0m two\nthree", 7, 0},
		{"runes", "öne twö", "öne twö", 7, 0},
		{"trailing", "one   ", "one   ", 4, 0},
		{"empty", "", "", 7, 2},
	} {
		if diff := cmp.Diff(tc.want, columns.Fold(tc.text, tc.width, tc.indent)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// TestOf knows what is no terminal.
func TestOf(t *testing.T) {
	if n := columns.Of(&strings.Builder{}); n != 0 {
		t.Errorf("a string has %d columns", n)
	}
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := columns.Of(f); n != 0 {
		t.Errorf("a file has %d columns", n)
	}
}
