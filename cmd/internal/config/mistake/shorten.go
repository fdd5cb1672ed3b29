package mistake

import "regexp"

const (
	// maxQuoted bounds the characters that are quoted of a value, maxWord those of a word
	// without quotes, and maxMessage those of a message.
	maxQuoted  = 100
	maxWord    = 300
	maxMessage = 1000

	// maxSearched bounds the bytes at either end of a message in which values are looked for.
	maxSearched = 4 << 10
)

// quotedOrWord matches what is cut as a whole.
var quotedOrWord = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|` + "`[^`]*`|[^\\s\"`]+")

// shorten cuts long values out of a message, and then the message.
func shorten(text string) string {
	if len(text) > 2*maxSearched {
		text = text[:maxSearched] + text[len(text)-maxSearched:]
	}
	text = quotedOrWord.ReplaceAllStringFunc(text, func(part string) string {
		if quote := part[0]; quote == '"' || quote == '`' {
			return cut(part[:len(part)-1], maxQuoted+1) + string(quote)
		}
		return cut(part, maxWord)
	})
	return cut(text, maxMessage)
}

// cut returns the first n characters of text, with a sign that there are more.
func cut(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return text[:i] + "…"
		}
	}
	return text
}
