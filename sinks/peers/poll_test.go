package peers_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// eventually polls until the condition holds, or fails the test after a while.
func eventually(t testing.TB, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("still not so after 10 s")
		}
	}
}

// logBuffer keeps log lines. The zero value is empty.
type logBuffer struct{ pipelinetest.Buffer }

func (b *logBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

func (b *logBuffer) count(s string) int { return strings.Count(b.String(), s) }
