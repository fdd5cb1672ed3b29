package pcap

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of octets.
type Size int64

// units from the largest to the smallest.
var units = []struct {
	name   string
	octets Size
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// UnmarshalText reads a whole number of octets, or one with the unit KiB, MiB or
// GiB.
func (s *Size) UnmarshalText(text []byte) error {
	digits, unit := string(text), Size(1)
	for _, u := range units {
		if before, ok := strings.CutSuffix(digits, u.name); ok {
			digits, unit = strings.TrimRight(before, " "), u.octets
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n > uint64(math.MaxInt64/unit) {
		return fmt.Errorf("%q is not a size; write octets such as 4194304, or 4096KiB, or 4MiB", text)
	}
	*s = Size(n) * unit
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns the size in the largest unit of which it is a multiple.
func (s Size) String() string {
	for _, u := range units {
		if s != 0 && s%u.octets == 0 {
			return strconv.FormatInt(int64(s/u.octets), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
