package logging

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// window is how often a record that is repeated is written.
	window = 10 * time.Second

	// maxFolds bounds the different records that are watched for repeats.
	maxFolds = 128
)

// folds are the records that are watched for repeats. Those of one logger are written in
// the order in which they came, so the last line about an interface that comes and goes
// has its current state.
type folds struct {
	seed maphash.Seed

	mu        sync.Mutex          // is held while a line is written, which keeps the order
	histories map[uint64]*history // by the keys of loggers
	size      int                 // folds of all histories
	closed    bool
}

// history is what one logger said lately.
type history struct {
	folds   map[uint64]*fold // by the keys of records
	records uint64           // that were repeats
	began   time.Time        // when the window began
	timer   *time.Timer      // ends the window
}

// fold is a record that was written, and what has come since.
type fold struct {
	writer   slog.Handler
	last     slog.Record
	number   uint64 // of last
	repeated int
}

// key returns the key of what add adds to a key.
func (f *folds) key(before uint64, add func(*maphash.Hash)) uint64 {
	k := new(maphash.Hash)
	k.SetSeed(f.seed)
	fmt.Fprintf(k, "%x", before)
	add(k)
	return k.Sum64()
}

// handle writes a record, unless the logger has written one like it in this window.
func (f *folds) handle(ctx context.Context, logger folded, key uint64, r slog.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return logger.next.Handle(ctx, r)
	}
	if h := f.histories[logger.key]; h != nil && h.repeats(key, r) {
		return nil
	}
	if f.size >= maxFolds {
		f.forgetOldest()
	}
	f.history(logger.key).add(key, logger.next) // may have been forgotten
	f.size++
	return logger.next.Handle(ctx, r)
}

// history returns what a logger said lately. Its window begins with its first record.
func (f *folds) history(logger uint64) *history {
	h := f.histories[logger]
	if h == nil {
		h = &history{folds: map[uint64]*fold{}, began: time.Now()}
		h.timer = time.AfterFunc(window, func() { f.endWindow(logger, h) })
		f.histories[logger] = h
	}
	return h
}

// endWindow writes what came in a logger's window, and forgets what was not repeated.
func (f *folds) endWindow(logger uint64, h *history) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.histories[logger] != h { // forgotten while this waited for the lock
		return
	}
	f.size -= h.forgetQuiet()
	if len(h.folds) == 0 {
		delete(f.histories, logger)
		return
	}
	h.flush()
	h.began = time.Now()
	h.timer.Reset(window)
}

// forgetOldest forgets the logger whose window began first, once all of it is written.
func (f *folds) forgetOldest() {
	var oldest uint64
	for logger, h := range f.histories {
		if o := f.histories[oldest]; o == nil || h.began.Before(o.began) {
			oldest = logger
		}
	}
	h := f.histories[oldest]
	delete(f.histories, oldest)
	f.size -= len(h.folds)
	h.timer.Stop()
	h.flush()
}

func (f *folds) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for len(f.histories) > 0 {
		f.forgetOldest()
	}
}

// repeats notes a record that is like one of this window. It reports whether there is one.
func (h *history) repeats(key uint64, r slog.Record) bool {
	known := h.folds[key]
	if known == nil {
		return false
	}
	h.records++
	known.last, known.number = r.Clone(), h.records
	known.repeated++
	return true
}

// add adds a record that is about to be written, after all that came before it.
func (h *history) add(key uint64, writer slog.Handler) {
	h.flush()
	h.folds[key] = &fold{writer: writer}
}

// forgetQuiet forgets what was not repeated, and returns how many these are.
func (h *history) forgetQuiet() (forgotten int) {
	before := len(h.folds)
	maps.DeleteFunc(h.folds, func(_ uint64, known *fold) bool { return known.repeated == 0 })
	return before - len(h.folds)
}

// flush writes the repeats, in the order of the latest of each.
func (h *history) flush() {
	byAge := slices.SortedFunc(maps.Values(h.folds), func(a, b *fold) int { return cmp.Compare(a.number, b.number) })
	for _, known := range byAge {
		known.write()
	}
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
