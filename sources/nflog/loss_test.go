package nflog

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestLoss(t *testing.T) {
	const overrun = -1
	for _, tc := range []struct {
		name string
		seen []int64 // numbers of packets, and overruns
		want uint64
	}{
		{"none", []int64{0, 1, 2}, 0},
		{"packets before the first", []int64{7, 8}, 0},
		{"a gap", []int64{0, 4, 5}, 3},
		{"the numbers begin again", []int64{1<<32 - 1, 1}, 1},
		{"an overrun and its gap, which comes later", []int64{0, overrun, 1, 2, 6}, 3},
		{"an overrun without a gap yet", []int64{0, overrun, 1}, 1},
		{"two overruns before their gaps", []int64{0, overrun, overrun, 3, 8}, 6},
		{"two overruns and one packet lost", []int64{0, overrun, overrun, 2}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var l loss
			for _, n := range tc.seen {
				if n == overrun {
					l.overrun()
				} else {
					l.see(uint32(n))
				}
			}
			if got := l.lost.Load(); got != tc.want {
				t.Errorf("lost %d, want %d", got, tc.want)
			}
		})
	}
}

func TestLossIsToldRarely(t *testing.T) {
	var out bytes.Buffer
	l := loss{log: slog.New(slog.NewTextHandler(&out, nil))}
	now := time.Unix(1_000_000_000, 0)
	for range 25 { // 2.5 s
		l.overrun()
		l.report(now)
		now = now.Add(100 * time.Millisecond)
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines in 2.5 s:\n%s", n, &out)
	}
	l.report(time.Unix(1_000_000_010, -1))
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines in just less than 10 s:\n%s", n, &out)
	}
	l.report(time.Unix(1_000_000_010, 0))
	if n := strings.Count(out.String(), "\n"); n != 2 || !strings.Contains(out.String(), "packets=24 total=25") {
		t.Errorf("%d lines in 10 s:\n%s", n, &out)
	}
	l.overrun()
	l.end()
	l.end()
	if n := strings.Count(out.String(), "\n"); n != 3 || !strings.Contains(out.String(), "packets=1 total=26") {
		t.Errorf("%d lines at the end:\n%s", n, &out)
	}
}
