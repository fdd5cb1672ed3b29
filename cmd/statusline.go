package cmd

import (
	"fmt"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/pmtud/pmtud/cmd/internal/columns"
)

// statusLine shows on a terminal what goes on. It may be used by several goroutines.
type statusLine struct {
	out   io.Writer // nil where it is no terminal
	mu    sync.Mutex
	drawn bool
}

func newStatusLine(out io.Writer) *statusLine {
	if !isTerminal(out) {
		out = nil
	}
	return &statusLine{out: out}
}

// show replaces what is shown.
func (s *statusLine) show(text string) {
	if s.out == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn = true
	if runes := []rune(text); utf8.RuneCountInString(text) >= columns.Width {
		text = string(runes[:columns.Width-1])
	}
	fmt.Fprintf(s.out, "\r%-*s", columns.Width-1, text)
}

// clear takes the line away.
func (s *statusLine) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn {
		fmt.Fprintf(s.out, "\r%*s\r", columns.Width-1, "")
	}
}
