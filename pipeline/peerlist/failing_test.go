package peerlist

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestLogFailing has peers that get all, some or none of the messages, from one look to the next.
func TestLogFailing(t *testing.T) {
	var log pipelinetest.Buffer
	l := New(Config{
		Addresses: []Address{{IP: netip.MustParseAddr("192.0.2.2")}, {Name: "b.example"}},
		Log:       slog.New(slog.NewTextHandler(&log, nil)),
	})
	first, second := l.peers[0], l.peers[1]
	for i, step := range []struct {
		sent, missed uint64 // by the first peer
		want         string
	}{
		{0, 0, ""},
		{1, 0, ""},
		{1, 1, ""},
		{0, 2, `level=WARN msg="peer gets no messages" peer=192.0.2.2 failed.no-route=3`},
		{0, 1, ""},
		{0, 0, ""},
		{1, 1, `level=INFO msg="peer gets messages again" peer=192.0.2.2`},
		{0, 1, `level=WARN msg="peer gets no messages" peer=192.0.2.2 failed.no-route=6`},
	} {
		first.sent.Add(step.sent)
		first.failed[noRoute].Add(step.missed)
		second.sent.Add(1)
		l.logFailing()
		_, got, _ := strings.Cut(strings.TrimSuffix(log.Take(), "\n"), " ") // behind the time
		if got != step.want {
			t.Errorf("step %d: %q, want %q", i, got, step.want)
		}
	}
}
