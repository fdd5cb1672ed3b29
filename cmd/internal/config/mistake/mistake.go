// Package mistake describes what is wrong in a configuration, where, and how to correct
// it.
package mistake

import (
	"fmt"
	"strings"
	"unicode"
)

// Mistake is one thing wrong in a configuration.
type Mistake struct {
	File    string // see Position
	Line    int    // 0: the mistake has no line
	Column  int
	Message string // what is wrong
	Hint    string // what to write instead; may be empty
	Excerpt string // the line; empty if there is none

	Warning bool // it may be meant so: the configuration works
}

// Error returns the mistake as "file:line:column: message; hint" and, where it has
// a line, that line with a caret below the column.
func (m Mistake) Error() string { return m.Text(Style{}) }

// Text is Error in colours.
func (m Mistake) Text(style Style) string {
	if m.Line == 0 {
		return m.line(style)
	}
	number := fmt.Sprint(m.Line)
	excerpt, caret := m.Window()
	return fmt.Sprintf("%s\n  %s %s\n  %s %s%s", m.line(style),
		paint(style.Margin, number+" |"), excerpt,
		paint(style.Margin, strings.Repeat(" ", len(number))+" |"), blank(excerpt, caret), paint(style.Caret, "^"))
}

// Short is the first line of Error.
func (m Mistake) Short() string { return m.line(Style{}) }

func (m Mistake) line(style Style) string {
	text := paint(style.Message, m.Message)
	if m.Warning {
		text = "warning: " + text
	}
	if m.Hint != "" {
		text += "; " + paint(style.Hint, m.Hint)
	}
	if place := (Position{File: m.File, Line: m.Line, Column: m.Column}).String(); place != "" {
		text = paint(style.Place, place+":") + " " + text
	}
	return text
}

// Style holds the colours of a mistake's parts as parameters of SGR (ECMA-48, section
// 8.3.117), such as "1;31". Empty ones leave the terminal's own.
type Style struct{ Place, Message, Hint, Margin, Caret string }

func paint(colour, text string) string {
	if colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[m"
}

// window is the number of characters that are shown of a line: a terminal of 80 columns has
// room for them behind the line's number.
const window = 70

// Window returns the line, or of a long one the part around the column, and the number
// of characters before the column in it. What can't be printed is replaced.
func (m Mistake) Window() (excerpt string, caret int) {
	line := []rune(m.Excerpt)
	caret = m.Column - 1
	if len(line) > window {
		from := max(0, min(caret-window/2, len(line)-window))
		if from > 0 {
			line[from] = '…'
		}
		if from+window < len(line) {
			line[from+window-1] = '…'
		}
		line = line[from : from+window]
		caret -= from
	}
	return printable(string(line)), caret
}

// printable replaces what would do more to a terminal than be seen.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, text)
}

// blank returns white space as wide as the first n characters of line.
func blank(line string, n int) string {
	var b strings.Builder
	for _, r := range line {
		if n--; n < 0 {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String() + strings.Repeat(" ", max(0, n))
}

// Mistakes are all mistakes of a configuration, in the order of the files and
// lines.
type Mistakes []Mistake

// Error returns the mistakes one below the other.
func (m Mistakes) Error() string {
	texts := make([]string, len(m))
	for i := range m {
		texts[i] = m[i].Error()
	}
	return strings.Join(texts, "\n")
}
