package readable_test

import (
	"math"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/readable"
)

func TestNumber(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567",
		math.MaxUint64: "18,446,744,073,709,551,615",
	} {
		if got := readable.Number(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

// TestCount has words for one thing and for several, of both kinds of numbers.
func TestCount(t *testing.T) {
	for want, got := range map[string]string{
		"0 packets": readable.Count(0, "packet"), "1 packet": readable.Count(uint64(1), "packet"), "2 tests": readable.Count(2, "test"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tc := range []struct {
		text string
		most int
		want string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"äöüß", 4, "äöüß"}, {"äöüß", 3, "äö…"}, {"ab", 1, "…"}, {"a", 0, ""}, {"", 3, ""},
	} {
		if got := readable.Cut(tc.text, tc.most); got != tc.want {
			t.Errorf("%q cut to %d is %q, want %q", tc.text, tc.most, got, tc.want)
		}
	}
}
