package logging

import (
	"hash/maphash"
	"io"
	"log/slog"
	"math"
	"sync"
)

// Formats of lines.
const (
	Text = "text"
	JSON = "json" // an object for each line
)

// Log writes records to one stream. Its methods, and the loggers, are safe for
// concurrent use.
type Log struct {
	plain handler
	folds folds
	level slog.LevelVar

	mu         sync.Mutex // guards what follows, and is held while a line is written
	json       bool
	configured slog.Level
	debug      bool // whatever is configured
	line       line
}

// New returns a Log that writes text of level info and above to w. With journal,
// lines are as the journal wants them, see [IsJournal].
func New(w io.Writer, journal bool) *Log {
	l := &Log{line: line{w: w, journal: journal}}
	// Levels are looked at before records come this far.
	all := &slog.HandlerOptions{Level: slog.Level(math.MinInt)}
	l.plain = handler{l, slog.NewTextHandler(&l.line, all), slog.NewJSONHandler(&l.line, all)}
	l.folds.seed, l.folds.histories = maphash.MakeSeed(), map[uint64]*history{}
	return l
}

// Logger returns the logger that writes every record.
func (l *Log) Logger() *slog.Logger { return slog.New(l.plain) }

// Folded returns the logger that folds repeats.
func (l *Log) Folded() *slog.Logger { return slog.New(folded{l.plain, &l.folds, 0}) }

// Set changes the format and the least level that is written, of all lines to come.
// Debug stays on while the level does not change.
func (l *Log) Set(format string, level slog.Level) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.json = format == JSON
	l.debug = l.debug && level == l.configured
	l.configured = level
	l.applyLevel()
}

// ToggleDebug has lines of level debug written, or no longer. It returns the level
// that is then the least.
func (l *Log) ToggleDebug() slog.Level {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.debug = !l.debug
	l.applyLevel()
	return l.level.Level()
}

func (l *Log) applyLevel() {
	level := l.configured
	if l.debug {
		level = min(level, slog.LevelDebug)
	}
	l.level.Set(level)
}

// Close writes what is known of repeats. Records that come later are not folded.
func (l *Log) Close() { l.folds.close() }
