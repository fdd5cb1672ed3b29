package setting

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes.
type Size int64

// sizeUnits are the suffixes of sizes, those that end others last.
var sizeUnits = []struct {
	suffix string
	bytes  int64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"TiB", 1 << 40},
	{"kB", 1e3},
	{"KB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"TB", 1e12},
	{"B", 1},
	{"", 1},
}

// UnmarshalText sets s from a number with an optional unit: kB, MB, GB, TB (powers
// of 1000), KiB, MiB, GiB, TiB (powers of 1024) or B.
func (s *Size) UnmarshalText(text []byte) error {
	for _, u := range sizeUnits {
		number, ok := strings.CutSuffix(string(text), u.suffix)
		if !ok {
			continue
		}
		bytes, err := parseBytes(strings.TrimSpace(number), u.bytes)
		if err != nil {
			return fmt.Errorf("%q is not a size; write a number of bytes such as 10MiB or 1.5GB", text)
		}
		*s = Size(bytes)
		return nil
	}
	return nil // not reached: every text ends in the last suffix
}

func parseBytes(number string, unit int64) (int64, error) {
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, err
	}
	bytes := value * float64(unit)
	if !(bytes >= 0) || bytes >= math.MaxInt64 {
		return 0, strconv.ErrRange
	}
	return int64(bytes), nil
}

// MarshalText returns what UnmarshalText understands.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns the size in the largest unit of which it is a multiple.
func (s Size) String() string {
	for i := 3; i >= 0; i-- {
		if u := sizeUnits[i]; s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
