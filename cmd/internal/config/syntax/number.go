package syntax

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// Number is a number as it was written: decimal, with a fraction or an exponent,
// 0x, 0o or 0b, perhaps with underscores; "inf" and "nan" with or without sign.
type Number string

// plainNumber matches what YAML 1.2 calls numbers (core schema), and underscores
// and 0b as in TOML.
var plainNumber = regexp.MustCompile(`^[-+]?(0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?)$`)

// special matches the numbers that have no digits.
var special = regexp.MustCompile(`^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$`)

// octalLooking matches 010, which is 8 to some readers of YAML and 10 to others.
var octalLooking = regexp.MustCompile(`^[-+]?0[0-9_]+$`)

// leadingZeroHint says what to write instead of such a number.
const leadingZeroHint = "drop the zero, or put quotes around text"

// ParseNumber returns what a plain scalar of YAML stands for if it is a number.
func ParseNumber(text string) (Number, bool) {
	if special.MatchString(text) {
		return Number(strings.ToLower(strings.Replace(text, ".", "", 1))), true
	}
	return Number(text), plainNumber.MatchString(text)
}

// ParseText returns the number that text stands for where nothing tells text from numbers.
// What looks octal stays text.
func ParseText(text string) (Number, bool) {
	n, ok := ParseNumber(text)
	return n, ok && !octalLooking.MatchString(text)
}

var (
	errNotWhole = errors.New("not a whole number")
	// ErrRange is for a number that its field has no room for.
	ErrRange = errors.New("out of range")
)

// Signed returns n as an integer of the given number of bits.
func (n Number) Signed(bits int) (int64, error) {
	v, err := strconv.ParseInt(n.digits(), 0, bits)
	return v, n.reason(err)
}

// Unsigned returns n as an integer without sign of the given number of bits.
func (n Number) Unsigned(bits int) (uint64, error) {
	if strings.HasPrefix(string(n), "-") {
		v, err := n.Signed(64)
		if v < 0 {
			err = ErrRange
		}
		return 0, err
	}
	v, err := strconv.ParseUint(strings.TrimPrefix(n.digits(), "+"), 0, bits)
	return v, n.reason(err)
}

// Float returns n as a floating point number of the given number of bits. An
// integer in hexadecimal, octal or binary counts as well.
func (n Number) Float(bits int) (float64, error) {
	text := n.digits()
	if v, err := strconv.ParseInt(text, 0, 64); err == nil {
		return float64(v), nil
	}
	v, err := strconv.ParseFloat(text, bits)
	return v, n.reason(err)
}

func (n Number) digits() string { return strings.ReplaceAll(string(n), "_", "") }

func (n Number) reason(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return ErrRange
	}
	return errNotWhole
}

// decimal returns n in decimal digits, if it is a whole number of 64 bits.
func (n Number) decimal() (digits string, ok bool) {
	if v, err := n.Unsigned(64); err == nil {
		return strconv.FormatUint(v, 10), true
	}
	v, err := n.Signed(64)
	return strconv.FormatInt(v, 10), err == nil
}
