package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
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
	var b strings.Builder
	b.WriteString(m.line(style))
	if m.Line > 0 {
		number := fmt.Sprint(m.Line)
		excerpt, caret := m.Window()
		b.WriteString("\n  " + paint(style.Margin, number+" |") + " " + excerpt)
		b.WriteString("\n  " + paint(style.Margin, strings.Repeat(" ", len(number))+" |") + " ")
		b.WriteString(blank(excerpt, caret) + paint(style.Caret, "^"))
	}
	return b.String()
}

// Short is the first line of Error.
func (m Mistake) Short() string { return m.line(Style{}) }

func (m Mistake) line(style Style) string {
	var b strings.Builder
	switch {
	case m.Line > 0:
		b.WriteString(paint(style.Place, fmt.Sprintf("%s:%d:%d:", m.File, m.Line, m.Column)) + " ")
	case m.File != "":
		b.WriteString(paint(style.Place, m.File+":") + " ")
	}
	if m.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(paint(style.Message, m.Message))
	if m.Hint != "" {
		b.WriteString("; " + paint(style.Hint, m.Hint))
	}
	return b.String()
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

// window is the number of characters that are shown of a line.
const window = 160

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

// texts holds the lines of the files that were read, for excerpts.
type texts map[string][]string

func (t texts) line(at Position) string {
	lines := t[at.File]
	if at.Line < 1 || at.Line > len(lines) {
		return ""
	}
	return lines[at.Line-1]
}

// report gathers mistakes.
type report struct {
	texts    texts
	files    []string // in the order of reading
	mistakes Mistakes
	known    map[Mistake]bool // the same, which YAML's aliases repeat
	noted    int              // how often one was added, counting those that were left out
	left     int              // out of mistakes, since there are maxMistakes
}

func newReport() *report { return &report{texts: texts{}} }

// maxMistakes bounds what is printed. Nobody writes that many by hand.
const maxMistakes = 100

// add notes a mistake. Message and hint follow "verb object", lower case.
func (r *report) add(at Position, hint, format string, args ...any) {
	r.note(false, at, hint, format, args)
}

// warn notes what works but may not be meant.
func (r *report) warn(at Position, hint, format string, args ...any) {
	r.note(true, at, hint, format, args)
}

func (r *report) note(warning bool, at Position, hint, format string, args []any) {
	r.noted++
	if r.full() {
		r.left++
		return
	}
	m := Mistake{
		File: at.File, Line: at.Line, Column: at.Column,
		Message: printable(shorten(fmt.Sprintf(format, args...))),
		Hint:    printable(shorten(hint)),
		Excerpt: r.texts.line(at),
		Warning: warning,
	}
	if r.known[m] {
		return
	}
	if r.known == nil {
		r.known = map[Mistake]bool{}
	}
	r.known[m] = true
	r.mistakes = append(r.mistakes, m)
}

// full reports whether more mistakes are only counted.
func (r *report) full() bool { return len(r.mistakes) == maxMistakes }

// err returns the mistakes in order, or nil if there are none.
func (r *report) err() error {
	if len(r.mistakes) == 0 {
		return nil
	}
	r.sort()
	if r.left > 0 {
		return append(r.mistakes, Mistake{Message: fmt.Sprintf("%d more mistakes are left out", r.left)})
	}
	return r.mistakes
}

func (r *report) sort() {
	rank := map[string]int{}
	for i, name := range r.files {
		rank[name] = i + 1 // what is no file comes first
	}
	slices.SortStableFunc(r.mistakes, func(a, b Mistake) int {
		return cmp.Or(
			cmp.Compare(rank[a.File], rank[b.File]),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
		)
	})
}

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
	if len(text) <= maxQuoted {
		return text
	}
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

// from says where the value at p came from, if it was not written there.
func (p Position) from() string {
	if p.Origin == "" {
		return ""
	}
	return " (from " + p.Origin + ")"
}

// String returns the place as "file:line:column", as far as it is known.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// With returns mistakes of f and one more that the caller found at a place in it, in
// order.
func (f *File) With(mistakes Mistakes, at Position, err error) Mistakes {
	r := report{texts: f.texts, files: f.Names, mistakes: mistakes}
	r.add(at, "", "%v", err)
	r.sort()
	return r.mistakes
}
