package capfile

import (
	"fmt"
	"io/fs"
)

// Error is what is wrong with a capture file, and where.
type Error struct {
	Name   string // of the file
	Offset int64  // of the record or block at fault, in uncompressed bytes
	Err    error
}

func (e *Error) Error() string {
	return fmt.Sprintf("read %s: at byte %d: %v", e.Name, e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// newError makes an Error of a cause, without the file's name that package os
// puts before it.
func newError(name string, offset int64, err error) *Error {
	if path, ok := err.(*fs.PathError); ok { //nolint:errorlint // err itself, nothing that wraps it
		err = path.Err
	}
	return &Error{Name: name, Offset: offset, Err: err}
}
