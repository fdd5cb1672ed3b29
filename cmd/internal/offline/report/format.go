package report

import (
	"strconv"
	"time"

	"github.com/pmtud/pmtud/pipeline/setting"
)

// share writes n as a part of all.
func share(n, all uint64) string {
	switch {
	case all == 0 || n == 0:
		return "0 %"
	case n == all:
		return "100 %"
	case float64(n)/float64(all) < 0.001:
		return "< 0.1 %"
	case float64(n)/float64(all) > 0.999:
		return "> 99.9 %"
	}
	return strconv.FormatFloat(100*float64(n)/float64(all), 'f', 1, 64) + " %"
}

// percent writes a length in a picture.
func percent(part, whole float64) string {
	return strconv.FormatFloat(100*part/whole, 'f', 3, 64) + "%"
}

// length writes how long something takes, without units that are 0. From a day on, hours are
// exact enough.
func length(d time.Duration) string {
	if d >= day {
		days := strconv.FormatInt(int64(d/day), 10) + " days"
		if d/day == 1 {
			days = "1 day"
		}
		if hours := d % day / time.Hour; hours > 0 {
			days += " " + strconv.Itoa(int(hours)) + "h"
		}
		return days
	}
	return setting.FormatDuration(d)
}

// moment writes a time in UTC as exactly as bins of a width need it.
func moment(t time.Time, width time.Duration) string {
	layout := "2006-01-02 15:04:05"
	switch {
	case width%time.Second == 0:
	case width%time.Millisecond == 0:
		layout += ".000"
	default:
		layout += ".000000"
	}
	return t.UTC().Format(layout)
}
