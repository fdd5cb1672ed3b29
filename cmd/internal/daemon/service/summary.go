package service

import (
	"fmt"
	"slices"
	"strings"
)

// maxSummarised bounds the pipelines that are reported to the service manager one by one.
const maxSummarised = 8

// summary returns what the pipelines do, in one line for the log.
func (s *Service) summary(silent []string) string {
	var parts []string
	if s.reloadHasFailed() {
		parts = append(parts, reloadFailed)
	}
	workers := s.current()
	for _, w := range workers[:min(len(workers), maxSummarised)] {
		parts = append(parts, w.Name+": "+w.summary(slices.Contains(silent, w.Name)))
	}
	if more := len(workers) - maxSummarised; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}

func (w *worker) summary(silent bool) string {
	switch {
	case w.hasEnded() && w.failure() != nil:
		return "failed"
	case w.hasEnded():
		return "ended"
	case silent:
		return "does not answer"
	}
	received, forwarded := w.progress.rates(w.since)
	return fmt.Sprintf("%.1f/s received, %.1f/s forwarded", received, forwarded)
}

func (s *Service) reloadHasFailed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.reload.Good
}
