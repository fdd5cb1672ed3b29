package logging

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"time"
)

// handler writes each record in the format that the log has at the time.
type handler struct {
	log        *Log
	text, json slog.Handler
}

func (h handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.log.level.Level()
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	l := h.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line.level = r.Level
	if l.line.journal {
		r.Time = time.Time{} // is left out
	}
	if l.json {
		return h.json.Handle(ctx, r)
	}
	if l.line.terminal {
		return h.handleTerminal(ctx, r)
	}
	return h.text.Handle(ctx, r)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.log, h.text.WithAttrs(attrs), h.json.WithAttrs(attrs)}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.log, h.text.WithGroup(name), h.json.WithGroup(name)}
}

// line is where handlers write a line by one call.
type line struct {
	w       io.Writer
	journal bool
	level   slog.Level // of the line to come
	text    []byte     // used again

	terminal, colours bool
	width             int    // of the terminal; 0 if that is not known
	front             []byte // of the line to come, if it is text for a terminal; used again
}

func (l *line) Write(text []byte) (int, error) {
	switch {
	case l.journal:
		l.text = append(append(l.text[:0], priority(l.level)...), text...)
	case l.terminal && bytes.HasPrefix(text, []byte(anonymous)):
		l.terminalLine(text)
	default:
		return l.w.Write(text)
	}
	if _, err := l.w.Write(l.text); err != nil {
		return 0, err
	}
	return len(text), nil
}
