package report

import (
	"fmt"
	"testing"
	"time"
)

func TestFormats(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_007_008, time.UTC)
	for _, tc := range []struct{ got, want string }{
		{share(0, 0), "0 %"},
		{share(0, 7), "0 %"},
		{share(1, 3), "33.3 %"},
		{share(1, 1_000_000), "< 0.1 %"},
		{share(999_999, 1_000_000), "> 99.9 %"},
		{share(7, 7), "100 %"},
		{length(0), "0s"},
		{length(1500 * time.Millisecond), "1.5s"},
		{length(10 * time.Second), "10s"},
		{length(5 * time.Minute), "5m"},
		{length(6 * time.Hour), "6h"},
		{length(6*time.Hour + time.Minute), "6h1m"},
		{length(day - 1), "23h59m59.999999999s"},
		{length(day), "1 day"},
		{length(day + 90*time.Minute), "1 day 1h"},
		{length(3584 * day), "3584 days"},
		{moment(at, time.Second), "2026-01-02 03:04:05"},
		{moment(at, 5*time.Millisecond), "2026-01-02 03:04:05.006"},
		{moment(at, time.Microsecond), "2026-01-02 03:04:05.006007"},
		{fmt.Sprint(scale(1)), "1 1"},
		{fmt.Sprint(scale(5)), "1 5"},
		{fmt.Sprint(scale(6)), "2 6"},
		{fmt.Sprint(scale(21)), "5 25"},
		{fmt.Sprint(scale(26)), "10 30"},
		{fmt.Sprint(scale(101)), "50 150"},
		{fmt.Sprint(scale(1_234_567)), "500000 1500000"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}
