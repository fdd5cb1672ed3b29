// Package spelling guesses what is meant by a misspelt name.
package spelling

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxListed is the number of names up to which a hint lists all of them.
const maxListed = 12

// DidYouMean returns a hint at the name that is nearest to word, or a list of the names if
// none is near and they are few.
func DidYouMean(word string, names []string) string {
	if name, ok := Nearest(word, names); ok {
		return "did you mean `" + name + "`?"
	}
	if len(names) == 0 || len(names) > maxListed {
		return ""
	}
	return "valid here: `" + strings.Join(names, "`, `") + "`"
}

// UnknownName returns an error that says what is meant by word, if it is near one of
// the names, or which names there are.
func UnknownName(what, word string, names []string) error {
	if name, ok := Nearest(word, names); ok {
		return fmt.Errorf("unknown %s %q; did you mean %s?", what, word, name)
	}
	return fmt.Errorf("unknown %s %q; there are %s", what, word, strings.Join(names, ", "))
}

// Nearest returns the name with the fewest typing errors between it and word,
// unless these are more than about a third of its letters.
func Nearest(word string, names []string) (string, bool) {
	best, least := "", 0
	for _, name := range names {
		d := distance(fold(word), fold(name))
		if d <= allowed(name) && (best == "" || d < least) {
			best, least = name, d
		}
	}
	return best, best != ""
}

func allowed(name string) int { return max(1, min(3, utf8.RuneCountInString(name)/3)) }

// fold makes names equal that differ by case and by kind of hyphen only.
func fold(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "_", "-")
}

// distance returns the number of letters to add, remove, change or swap with
// their neighbour to get from a to b (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	// Three rows of the table suffice, since a swap looks two rows back.
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(s); i++ {
		row[0] = i
		for j := 1; j <= len(t); j++ {
			change := last[j-1]
			if s[i-1] != t[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(t)]
}
