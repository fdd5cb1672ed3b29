package logging

import (
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"
)

const (
	// window is how often a record that is repeated is written.
	window = 10 * time.Second

	// maxFolds bounds the different records that are watched for repeats.
	maxFolds = 128
)

// folded folds repeats of records.
type folded struct {
	next  slog.Handler // writes what is left
	folds *folds
	key   uint64 // of the attributes that the logger has
}

func (h folded) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h folded) Handle(ctx context.Context, r slog.Record) error {
	key := h.folds.key(h.key, func(k *maphash.Hash) {
		fmt.Fprintf(k, "%d %q", r.Level, r.Message)
		r.Attrs(func(a slog.Attr) bool { addKey(k, a); return true })
	})
	if h.folds.repeats(key, h.next, r) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

func (h folded) WithAttrs(attrs []slog.Attr) slog.Handler {
	key := h.folds.key(h.key, func(k *maphash.Hash) {
		for _, a := range attrs {
			fmt.Fprintf(k, "%q=%q", a.Key, a.Value.Resolve())
		}
	})
	return folded{h.next.WithAttrs(attrs), h.folds, key}
}

func (h folded) WithGroup(name string) slog.Handler {
	key := h.folds.key(h.key, func(k *maphash.Hash) { fmt.Fprintf(k, "%q", name) })
	return folded{h.next.WithGroup(name), h.folds, key}
}

// addKey adds an attribute of a record to a key, but for its value if that is a figure.
func addKey(k *maphash.Hash, a slog.Attr) {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64, slog.KindDuration, slog.KindTime:
		fmt.Fprintf(k, "%q", a.Key)
	default:
		fmt.Fprintf(k, "%q=%q", a.Key, v)
	}
}

// folds are the records that are watched for repeats, by their keys.
type folds struct {
	seed maphash.Seed

	mu     sync.Mutex
	open   map[uint64]*fold
	closed bool
}

// fold is a record that was written, and what has come since.
type fold struct {
	writer   slog.Handler
	first    time.Time // when the window began
	last     slog.Record
	repeated int
	timer    *time.Timer // ends the window
}

// key returns the key of what add adds to a key.
func (f *folds) key(before uint64, add func(*maphash.Hash)) uint64 {
	k := new(maphash.Hash)
	k.SetSeed(f.seed)
	fmt.Fprintf(k, "%x", before)
	add(k)
	return k.Sum64()
}

// repeats reports whether the record is folded: one like it was written in this
// window.
func (f *folds) repeats(key uint64, writer slog.Handler, r slog.Record) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	if known := f.open[key]; known != nil {
		known.last = r.Clone()
		known.repeated++
		return true
	}
	if len(f.open) >= maxFolds {
		f.forgetOldest()
	}
	f.open[key] = &fold{
		writer: writer, first: time.Now(),
		timer: time.AfterFunc(window, func() { f.endWindow(key) }),
	}
	return false
}

// endWindow writes what came in the window. A record that was not repeated is
// forgotten.
func (f *folds) endWindow(key uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.open[key]
	switch {
	case known == nil || f.closed: // forgotten while this waited for the lock
	case known.repeated == 0:
		delete(f.open, key)
	default:
		known.write()
		known.first = time.Now()
		known.timer.Reset(window)
	}
}

func (f *folds) forgetOldest() {
	var oldest uint64
	for key, known := range f.open {
		if o := f.open[oldest]; o == nil || known.first.Before(o.first) {
			oldest = key
		}
	}
	f.open[oldest].end()
	delete(f.open, oldest)
}

func (f *folds) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, known := range f.open {
		known.end()
	}
	clear(f.open)
}

func (k *fold) end() {
	k.timer.Stop()
	k.write()
}

// write writes the latest record with the number of those since the last one that
// was written.
func (k *fold) write() {
	if k.repeated == 0 {
		return
	}
	r := k.last
	times := "times"
	if k.repeated == 1 {
		times = "time"
	}
	r.Message = fmt.Sprintf("%s (repeated %d %s)", r.Message, k.repeated, times)
	k.repeated = 0
	// There is nowhere to tell that the log can't be written.
	_ = k.writer.Handle(context.Background(), r)
}
