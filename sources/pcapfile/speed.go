package pcapfile

import (
	"fmt"
	"math"
	"strconv"
)

// Speed is how fast a capture is replayed: a factor of its own speed, or 0 for as
// fast as possible.
type Speed float64

// UnmarshalText sets s from max, original or a positive factor such as 2 or 0.5.
func (s *Speed) UnmarshalText(text []byte) error {
	switch string(text) {
	case "max":
		*s = 0
		return nil
	case "original":
		*s = 1
		return nil
	}
	factor, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(factor > 0) || math.IsInf(factor, 0) {
		return fmt.Errorf("%q is not a speed; write max, original or a factor such as 2 or 0.5", text)
	}
	*s = Speed(factor)
	return nil
}

// MarshalText returns what UnmarshalText understands.
func (s Speed) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns max, original or the factor.
func (s Speed) String() string {
	switch s {
	case 0:
		return "max"
	case 1:
		return "original"
	}
	return strconv.FormatFloat(float64(s), 'g', -1, 64)
}
