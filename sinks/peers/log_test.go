package peers_test

import (
	"log/slog"
	"strings"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// logBuffer keeps log lines. The zero value is empty.
type logBuffer struct{ pipelinetest.Buffer }

func (b *logBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

func (b *logBuffer) count(s string) int { return strings.Count(b.String(), s) }
