package service

import (
	"context"
	"time"
)

// lookInterval is how often the source is looked at for a change. Two looks in a row
// must see the same, so that a file that is being written is not read half.
const lookInterval = 2 * time.Second

// watch tells changed when the source holds something else than what was last
// loaded. It compares content, and asks for it again and again: that sees
// every way of exchanging files, links to folders included, on every file system.
func (s *Service) watch(ctx context.Context, changed chan<- struct{}) {
	if s.Source == nil {
		return
	}
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	seen := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
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
