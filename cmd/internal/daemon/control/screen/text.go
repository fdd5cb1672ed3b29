package screen

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pmtud/pmtud/cmd/internal/readable"
)

// Rate returns packets a second with as many digits as mean something.
func Rate(r float64) string {
	switch {
	case r == 0:
		return "0"
	case r < 100:
		return strconv.FormatFloat(r, 'f', 1, 64)
	}
	return readable.Number(uint64(r + 0.5))
}

// Age returns a duration in its two largest units.
func Age(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	days, hours := int(d.Hours())/24, int(d.Hours())%24
	minutes, seconds := int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0:
		return fmt.Sprintf("%dd %dh", days, hours)
	case hours > 0:
		return fmt.Sprintf("%dh %dm", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm %ds", minutes, seconds)
	}
	return fmt.Sprintf("%ds", seconds)
}

// fit returns text with exactly so many columns: cut with an ellipsis, or filled up.
func fit(text string, columns int) string {
	text = readable.Cut(text, columns)
	return text + strings.Repeat(" ", max(columns-utf8.RuneCountInString(text), 0))
}

// right returns text at the right of so many columns.
func right(text string, columns int) string {
	n := utf8.RuneCountInString(text)
	return strings.Repeat(" ", max(columns-n, 0)) + text
}

// line takes away what a terminal could take for commands: names come from files, errors
// from anywhere.
func line(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}
