package logging

import (
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
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
	return h.folds.handle(ctx, h, key, r)
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
