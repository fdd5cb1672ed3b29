package natslink

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pmtud/pmtud/pipeline/prefixset"
)

// Subject is what messages are published to.
type Subject struct{ text string }

// target is the token that stands for an address.
const target = "{target}"

// maxSubject is the length in bytes of the longest subject. Servers take 4,096 for a whole line.
const maxSubject = 256

// UnmarshalText reads a subject without wildcards.
func (s *Subject) UnmarshalText(text []byte) error {
	if len(text) > maxSubject {
		return fmt.Errorf("has %d bytes, at most %d", len(text), maxSubject)
	}
	tokens := strings.Split(string(text), ".")
	for _, token := range tokens {
		if err := checkToken(token); err != nil {
			return fmt.Errorf("%q %w", text, err)
		}
	}
	switch {
	case strings.HasPrefix(tokens[0], "$"):
		return fmt.Errorf("%q begins with $, which is reserved for NATS itself", text)
	case len(tokens)-len(slices.DeleteFunc(slices.Clone(tokens), isTarget)) > 1:
		return fmt.Errorf("%q has %s twice", text, target)
	}
	s.text = string(text)
	return nil
}

func checkToken(token string) error {
	switch {
	case token == "":
		return errors.New("has an empty token: remove dots at the beginning or the end, and repeated dots")
	case strings.ContainsAny(token, "*>"):
		return errors.New("has a wildcard; " + target + " stands for an address")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return errors.New("has a character that is not printable ASCII")
	case strings.ContainsAny(token, "{}") && !isTarget(token):
		return errors.New("has braces; only the token " + target + " does")
	}
	return nil
}

func isTarget(token string) bool { return token == target }

// MarshalText writes what UnmarshalText reads.
func (s Subject) MarshalText() ([]byte, error) { return []byte(s.text), nil }

// String returns the subject as it is written in a configuration.
func (s Subject) String() string { return s.text }

// HasTarget reports whether the subject depends on a message's target.
func (s Subject) HasTarget() bool { return strings.Contains(s.text, target) }

// For returns the subject of a message to the address.
func (s Subject) For(addr netip.Addr) string {
	if !s.HasTarget() {
		return s.text
	}
	return strings.Replace(s.text, target, strings.Join(tokens(addr), "."), 1)
}

// Within returns the subject with wildcards for all addresses of a prefix. Its length is a
// multiple of 8 in IPv4 and of 16 in IPv6.
func (s Subject) Within(p netip.Prefix) string {
	list := tokens(p.Addr())
	for i := p.Bits() / bitsOfToken(p.Addr()); i < len(list); i++ {
		list[i] = "*"
	}
	return strings.Replace(s.text, target, strings.Join(list, "."), 1)
}

// bitsOfToken returns how many bits of an address one token has.
func bitsOfToken(addr netip.Addr) int {
	if addr.Is4() {
		return 8
	}
	return 16
}

// tokens returns the parts of an address.
func tokens(addr netip.Addr) (list []string) {
	b := addr.AsSlice()
	if addr.Is4() {
		for _, part := range b {
			list = append(list, strconv.Itoa(int(part)))
		}
		return list
	}
	for i := 0; i < len(b); i += 2 {
		list = append(list, strconv.FormatUint(uint64(b[i])<<8|uint64(b[i+1]), 16))
	}
	return list
}

// everything are the prefixes that all addresses are in.
var everything = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// Subscriptions returns the subjects to subscribe to for messages to some targets, or to all
// if there are none.
func (s Subject) Subscriptions(targets []prefixset.Prefix) (list []string, err error) {
	if !s.HasTarget() {
		if len(targets) > 0 {
			return nil, fmt.Errorf("are given, but the subject %s has no token %s", s.text, target)
		}
		return []string{s.text}, nil
	}
	prefixes := everything
	if len(targets) > 0 {
		prefixes = nil
	}
	for _, t := range targets {
		if n := bitsOfToken(t.Addr()); t.Bits()%n != 0 {
			return nil, fmt.Errorf("%v can't be a wildcard: its prefix length must be a multiple of %d", t.Prefix, n)
		}
		prefixes = append(prefixes, t.Prefix)
	}
	for _, p := range prefixes {
		if subject := s.Within(p); !slices.Contains(list, subject) {
			list = append(list, subject)
		}
	}
	return list, nil
}
