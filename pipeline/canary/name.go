package canary

import "fmt"

// CheckName returns an error if no canary can have the name: it has 1 to 63 letters, digits, dots, hyphens
// and underscores. So names can't do harm in logs, metrics and pages.
func CheckName(name string) error {
	if len(name) > MaxName || !isName([]byte(name)) {
		return fmt.Errorf("%q is not 1 to %d letters, digits, dots, hyphens or underscores", name, MaxName)
	}
	return nil
}

func isName(name []byte) bool {
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return len(name) > 0
}
