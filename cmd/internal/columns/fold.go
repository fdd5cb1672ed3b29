package columns

import (
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Of returns how many columns the terminal has that w writes to; 0 if it is none.
func Of(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// Folded returns a writer to w that has long lines broken by [Fold], if w is a terminal; else w.
// Each write is of whole lines.
func Folded(w io.Writer, indent int) io.Writer {
	if width := Of(w); width > 0 {
		return folded{w, width, indent}
	}
	return w
}

type folded struct {
	w             io.Writer
	width, indent int
}

func (f folded) Write(p []byte) (int, error) {
	if _, err := io.WriteString(f.w, Fold(string(p), f.width, f.indent)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// colour is a command to a terminal that takes no column (ECMA-48, SGR).
var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Fold breaks lines that are longer than width where a space is, so that a terminal does not
// break them in the middle of a word. What is broken off stands below, behind indent spaces.
// A width that leaves no room, such as 0, has nothing broken.
func Fold(text string, width, indent int) string {
	if width < 2*indent || width == 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = foldLine(line, width, indent)
	}
	return strings.Join(lines, "\n")
}

func foldLine(line string, width, indent int) string {
	var b strings.Builder
	used, words := 0, 0 // columns and words of the line that is being written
	for line != "" {
		// A word has the spaces before it, which go where the line is broken.
		word := strings.TrimLeft(line, " ")
		spaces := len(line) - len(word)
		line = ""
		if end := strings.IndexByte(word, ' '); end >= 0 {
			word, line = word[:end], word[end:]
		}
		long := utf8.RuneCountInString(colour.ReplaceAllString(word, ""))
		if words > 0 && long > 0 && used+spaces+long > width {
			b.WriteString("\n" + strings.Repeat(" ", indent))
			used, words, spaces = indent, 0, 0
		}
		b.WriteString(strings.Repeat(" ", spaces) + word)
		used += spaces + long
		words++
	}
	return b.String()
}
