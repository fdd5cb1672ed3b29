package columns_test

import (
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
