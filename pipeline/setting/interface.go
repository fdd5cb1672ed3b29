package setting

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// InterfaceName is the name of a network interface. An empty one means none, where the
// setting is not required.
type InterfaceName string

// maxInterfaceName is the length of the longest name of an interface (IFNAMSIZ less the
// zero byte at its end).
const maxInterfaceName = 15

// Pattern returns a pattern that all names match.
func (InterfaceName) Pattern() string { return `^[^/: ]{1,15}$` }

// Check returns an error if no interface can have the name (Linux, net/core/dev.c,
// dev_valid_name). To open one would fail only later, or take the name to end at a zero
// byte. Names of characters that look like others or like nothing are refused as well,
// though the kernel takes them: to tell "eth0" from one with a Cyrillic letter takes a hex
// dump. (systemd refuses all but ASCII.)
func (n InterfaceName) Check() error {
	name := string(n)
	switch {
	case len(name) > maxInterfaceName:
		return fmt.Errorf("%q is not the name of an interface: it has more than %d bytes", name, maxInterfaceName)
	case name == "." || name == ".." || slices.ContainsFunc([]byte(name), isNoneOfInterface):
		return fmt.Errorf("%q is not the name of an interface: names can't contain spaces, slashes or colons", name)
	}
	if i := strings.IndexFunc(name, isConfusable); i >= 0 {
		r, _ := utf8.DecodeRuneInString(name[i:])
		return fmt.Errorf("%+q is not a reliable name of an interface: %U looks like another character, or is invisible", name, r)
	}
	return nil
}

// isConfusable reports whether a character may look like another one or like none: all may
// but ASCII's that print, and Latin letters with marks.
func isConfusable(r rune) bool {
	const dotlessI, kra = 'ı', 'ĸ'
	isASCII := r > ' ' && r < 0x7f
	isMarked := r >= 'À' && r <= 'ž' && unicode.IsLetter(r) && r != dotlessI && r != kra
	return !isASCII && !isMarked
}

// isNoneOfInterface reports whether names of interfaces can't hold a byte. A space is
// what the kernel's isspace takes for one.
func isNoneOfInterface(c byte) bool {
	return c == 0 || c == '/' || c == ':' || c == ' ' || c >= '\t' && c <= '\r' || c == 0xa0
}
