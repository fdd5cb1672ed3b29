package service

import (
	"context"
	"time"
)

// watchInterval is how often the source is compared. A change counts when two reads in a
// row agree, so a file is not loaded while it is written.
const watchInterval = 2 * time.Second

// watch notifies changed when the source's content differs from what was last loaded. It
// polls the content: that sees every way of replacing files, links to folders included, on
// every file system.
func (s *Service) watch(ctx context.Context, changed chan<- struct{}) {
	if s.Source == nil {
		return
	}
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	seen := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !s.isWatched() {
			continue
		}
		before := seen
		seen = s.Source.Fingerprint()
		if seen == before && seen != s.lastLoaded() {
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	}
}

func (s *Service) isWatched() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watched
}

func (s *Service) lastLoaded() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loaded
}
