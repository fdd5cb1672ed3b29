package nflog

import (
	"fmt"
	"strconv"
)

// Threshold is a number of packets, from 1 on, or [Adaptive].
type Threshold uint16

// Adaptive lets the threshold follow the rate of packets.
const Adaptive Threshold = 0

// UnmarshalText reads "adaptive" or a number of packets.
func (t *Threshold) UnmarshalText(text []byte) error {
	if string(text) == "adaptive" {
		*t = Adaptive
		return nil
	}
	n, err := strconv.ParseUint(string(text), 10, 16)
	if err != nil || n == 0 {
		return fmt.Errorf("%q is not a threshold; write adaptive or a number from 1 to 65535", text)
	}
	*t = Threshold(n)
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (t Threshold) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// String returns "adaptive" or the number.
func (t Threshold) String() string {
	if t == Adaptive {
		return "adaptive"
	}
	return strconv.Itoa(int(t))
}
