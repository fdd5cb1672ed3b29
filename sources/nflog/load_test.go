package nflog

import (
	"testing"
	"time"
)

func TestLoad(t *testing.T) {
	const window = time.Second / 20
	type step struct {
		wait    time.Duration
		packets int
		heavy   bool
	}
	for _, tc := range []struct {
		name  string
		steps []step
	}{
		{"one packet", []step{{time.Hour, 1, false}}},
		{"a burst", []step{{time.Hour, 1, false}, {1, 249, false}, {time.Second, 249, false}}},
		{"a flood, at once", []step{{time.Hour, 1, false}, {1, 250, true}}},
		{"one packet after a flood", []step{{time.Hour, 1, false}, {1, 250, true}, {time.Hour, 1, false}}},
		{"stays at rest", []step{{time.Hour, 1, false}, {window, 175, false}, {window, 175, false}}},
		{"window by window", []step{{time.Hour, 250, false}, {window, 250, false}, {window - 1, 1, true}}},
		{"stays under load", []step{{time.Hour, 1, false}, {1, 250, true}, {window, 175, true}, {window, 175, true}}},
		{"below the rates", []step{{time.Hour, 1, false}, {1, 250, true}, {window, 175, true}, {window, 99, false}}},
		{"at the lower rate", []step{{time.Hour, 1, false}, {1, 250, true}, {window, 100, true}, {window, 99, false}}},
		{"just below it", []step{{time.Hour, 1, false}, {1, 250, true}, {window, 99, false}, {1, 250, false}, {1, 1, true}}},
		{"not within a window", []step{{time.Hour, 1, false}, {1, 250, true}, {window / 2, 1, true}, {window / 2, 99, true}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var l load
			now := time.Unix(1_000_000_000, 0)
			for i, s := range tc.steps {
				now = now.Add(s.wait)
				before := l.heavy
				if changed := l.add(s.packets, now); changed != (l.heavy != before) {
					t.Errorf("step %d: changed is %t", i, changed)
				}
				if l.heavy != s.heavy {
					t.Errorf("step %d: heavy is %t", i, l.heavy)
				}
			}
		})
	}
}
