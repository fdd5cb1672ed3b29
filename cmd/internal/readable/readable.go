// Package readable writes numbers and names for people.
package readable

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Number returns n with a comma between thousands.
func Number(n uint64) string {
	text := strconv.FormatUint(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Count returns n with the word for what is counted, with an s unless it is one.
func Count[N int | uint64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Cut returns text with at most so many characters. What is longer ends in an ellipsis.
func Cut(text string, most int) string {
	switch {
	case most <= 0:
		return ""
	case utf8.RuneCountInString(text) <= most:
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
