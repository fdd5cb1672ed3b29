package pcapfile

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestFailuresPass has failures of a while ago: those of five minutes count, and each minute one is
// logged.
func TestFailuresPass(t *testing.T) {
	const almost = time.Second // more than the test takes
	for _, tc := range []struct {
		name   string
		ago    time.Duration
		counts bool
		logged int // of two more
	}{
		{"now", 0, true, 0},
		{"less than a minute ago", time.Minute - almost, true, 0},
		{"a minute ago", time.Minute, true, 1},
		{"less than five minutes ago", 5*time.Minute - almost, true, 1},
		{"five minutes ago", 5 * time.Minute, false, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log strings.Builder
			at := time.Now().Add(-tc.ago)
			s := &sink{log: slog.New(slog.NewTextHandler(&log, nil)), logged: at}
			s.failure.Store(&failure{errors.New("write"), at})
			s.rotationFailure.Store(&failure{errors.New("rotate"), at})
			if err := s.Health(); (err != nil) != tc.counts || tc.counts && err.Error() != "write\nrotate" {
				t.Errorf("health: %v", err)
			}
			s.logFailure("first", nil)
			s.logFailure("second", nil)
			if text := log.String(); strings.Count(text, "\n") != tc.logged || strings.Contains(text, "second") {
				t.Errorf("log, want %d lines:\n%s", tc.logged, text)
			}
		})
	}
}
