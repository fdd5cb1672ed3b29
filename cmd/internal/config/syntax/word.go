package syntax

import "strings"

// BoolHint returns what to write for a word that means true or false elsewhere.
func BoolHint(word string) string {
	switch strings.ToLower(word) {
	case "yes", "on", "true", "1":
		return "write true"
	case "no", "off", "false", "0":
		return "write false"
	}
	return ""
}
