package nflog

import (
	"encoding/binary"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestRefusedThreshold has the kernel answer to a change of the threshold. It is said
// once that it stays, and only where it was to change.
func TestRefusedThreshold(t *testing.T) {
	answer := func(errno int32) []byte {
		return message(typeError, binary.NativeEndian.AppendUint32(nil, uint32(-errno)))
	}
	const warning = `level=WARN msg="the threshold stays as it is: the kernel refuses to change it" error="operation not permitted"`
	for _, tc := range []struct {
		name     string
		datagram []byte
		fixed    bool // before
		want     bool // afterwards
		warnings int
	}{
		{"no answer", datagram(1), false, false, 0},
		{"a receipt", answer(0), false, false, 0},
		{"a receipt among packets", slices.Concat(datagram(1), answer(0)), false, false, 0},
		{"a refusal", answer(1), false, true, 1},
		{"two refusals", slices.Concat(answer(1), answer(1)), false, true, 1},
		{"a refusal and a receipt", slices.Concat(answer(1), answer(0)), false, true, 1},
		{"a refusal, the threshold is fixed", answer(1), true, true, 0},
		{"an answer that is cut", message(typeError, nil), false, false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log pipelinetest.Buffer
			s := newTestSource()
			s.fixed, s.env.Log = tc.fixed, slog.New(slog.NewTextHandler(&log, nil))
			s.receive(tc.datagram, time.Now(), func([]pipeline.Packet) {})
			if s.fixed != tc.want {
				t.Errorf("fixed: %v, want %v", s.fixed, tc.want)
			}
			if n := strings.Count(log.String(), warning); n != tc.warnings || strings.Count(log.String(), "\n") != n {
				t.Errorf("want %d warnings in\n%s", tc.warnings, log.String())
			}
		})
	}
}
