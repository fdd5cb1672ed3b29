package pcapfile

import (
	"fmt"
	"time"
)

// Age is a length of time.
type Age time.Duration

// UnmarshalText sets a from what [time.ParseDuration] understands; it may not be
// negative.
func (a *Age) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a length of time; write a number with a unit such as 30m or 24h", text)
	}
	*a = Age(d)
	return nil
}

// MarshalText returns what UnmarshalText understands.
func (a Age) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// String returns a as [time.Duration] does.
func (a Age) String() string { return time.Duration(a).String() }
