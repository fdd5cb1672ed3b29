package portlist

import (
	"fmt"
	"strings"
)

// Range is a range of ports, both ends included.
type Range struct{ First, Last uint16 }

// UnmarshalText reads "80" or "8000-8080": decimal digits and nothing else.
func (r *Range) UnmarshalText(text []byte) error {
	if strings.Contains(string(text), ",") {
		return fmt.Errorf("%q is not a port; write several as a list, such as [80, 443]", text)
	}
	first, last, isRange := strings.Cut(string(text), "-")
	if !isRange {
		last = first
	}
	if first == "" || last == "" {
		return notPort(string(text))
	}
	var err error
	if r.First, err = parsePort(first); err != nil {
		return err
	}
	if r.Last, err = parsePort(last); err != nil {
		return err
	}
	if r.First > r.Last {
		return fmt.Errorf("%q is not a range: it ends before it begins; write %s-%s", text, last, first)
	}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String returns "80" or "8000-8080".
func (r Range) String() string {
	if r.First == r.Last {
		return fmt.Sprint(r.First)
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// parsePort is stricter than strconv, which takes signs.
func parsePort(s string) (uint16, error) {
	port := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || port > 65535 {
			return 0, notPort(s)
		}
		port = 10*port + int(c-'0')
	}
	if port > 65535 {
		return 0, notPort(s)
	}
	return uint16(port), nil
}

func notPort(s string) error {
	return fmt.Errorf("%q is not a port; write a number from 0 to 65535, or a range such as 8000-8080", s)
}
