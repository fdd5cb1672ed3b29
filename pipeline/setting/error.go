package setting

import "fmt"

// Error is a mistake in the value of one setting.
type Error struct {
	Setting string // its name, as in the setting tag
	Err     error
}

// Errorf returns an [Error] with a formatted message.
func Errorf(setting, format string, args ...any) error {
	return &Error{Setting: setting, Err: fmt.Errorf(format, args...)}
}

func (e *Error) Error() string { return e.Setting + ": " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }
