package daemon

import (
	"context"
	"slices"
	"sync"
	"time"
)

// deniedInterval is how often a confined process looks for files that it can't open.
const deniedInterval = 5 * time.Second

// watch logs which files the process needs and may not open, once it is confined and until
// the returned function is called.
func (s *confinement) watch() (stop func()) {
	if s == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { s.logDenied(ctx) })
	return func() {
		cancel()
		watching.Wait()
	}
}

func (s *confinement) logDenied(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-s.confined:
	}
	ticker := time.NewTicker(deniedInterval)
	defer ticker.Stop()
	var before []string
	for {
		now := s.entered.Denied()
		for _, path := range now {
			if !slices.Contains(before, path) {
				s.log.Warn("can't open a file: the process gave up the right to it at its start, or its user has no access", "path", path,
					"hint", "restart it if a folder in the path was created since then")
			}
		}
		for _, path := range before {
			if !slices.Contains(now, path) {
				s.log.Info("file can be opened again", "path", path)
			}
		}
		before = now
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
