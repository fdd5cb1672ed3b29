package logging

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/pmtud/pmtud/cmd/internal/columns"
)

// NewTerminal returns a Log that writes text for a terminal of width columns, with local
// time and aligned, in colours if they want them.
func NewTerminal(w io.Writer, colours bool, width int) *Log {
	l := New(w, false)
	l.line.terminal, l.line.colours, l.line.width = true, colours, width
	return l
}

// messageColumn is where a message begins, behind the time and the level.
const messageColumn = len("15:04:05.000 ERROR ")

// messageColumns is how many columns a message is given, so that attributes begin below
// each other for most lines.
const messageColumns = 30

// anonymous is what a TextHandler writes of a record without a time and a message.
const anonymous = `level=INFO msg=""`

// handleTerminal writes a readable record: the handler for text writes its attributes,
// and line what comes before them.
func (h handler) handleTerminal(ctx context.Context, r slog.Record) error {
	l := &h.log.line
	l.front = appendFront(l.front[:0], r, l.colours)
	attrs := slog.NewRecord(time.Time{}, slog.LevelInfo, "", 0)
	r.Attrs(func(a slog.Attr) bool { attrs.AddAttrs(a); return true })
	return h.text.Handle(ctx, attrs)
}

// appendFront appends the time, the level and the message of a record.
func appendFront(dst []byte, r slog.Record, colours bool) []byte {
	at := r.Time
	if at.IsZero() {
		at = time.Now()
	}
	dst = at.Local().AppendFormat(dst, "15:04:05.000 ")
	level, colour := levelName(r.Level)
	if colours && colour != "" {
		dst = append(append(append(dst, colour...), level...), "\x1b[0m"...)
	} else {
		dst = append(dst, level...)
	}
	dst = append(dst, ' ')
	for _, r := range r.Message {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 { // nothing commands the terminal
			r = ' '
		}
		dst = utf8.AppendRune(dst, r)
	}
	for n := utf8.RuneCountInString(r.Message); n < messageColumns; n++ {
		dst = append(dst, ' ')
	}
	return dst
}

// levelName returns a level in five columns, and its colour (ECMA-48, SGR).
func levelName(level slog.Level) (name, colour string) {
	switch {
	case level >= slog.LevelError:
		return "ERROR", "\x1b[31m"
	case level >= slog.LevelWarn:
		return "WARN ", "\x1b[33m"
	case level >= slog.LevelInfo:
		return "INFO ", ""
	}
	return "DEBUG", "\x1b[2m"
}

// terminalLine makes the line that is written of what the handler for text wrote.
func (l *line) terminalLine(text []byte) {
	attrs := bytes.TrimPrefix(text, []byte(anonymous))
	l.text = append(append(l.text[:0], l.front...), attrs...)
	if end := len(l.text) - 1; len(attrs) == 1 { // no attributes, nothing to be aligned
		l.text = append(bytes.TrimRight(l.text[:end], " "), '\n')
	}
	l.text = []byte(columns.Fold(string(l.text), l.width, messageColumn))
}
