package rig

import (
	"bytes"
	"sync"
)

// Output collects what a program writes. Its zero value is ready for use, by several
// goroutines.
type Output struct {
	mu    sync.Mutex
	said  bytes.Buffer
	mark  string        // in the line that says that the program is ready
	ready chan struct{} // closed then
	found bool
}

func (o *Output) await(mark string) { o.mark, o.ready = mark, make(chan struct{}) }

// Write implements [io.Writer].
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said.Write(p)
	if o.mark != "" && !o.found && hasLine(o.said.Bytes(), o.mark) {
		o.found = true
		close(o.ready)
	}
	return len(p), nil
}

// hasLine reports whether a whole line has the mark in it.
func hasLine(text []byte, mark string) bool {
	for line := range bytes.Lines(text) {
		if bytes.HasSuffix(line, []byte("\n")) && bytes.Contains(line, []byte(mark)) {
			return true
		}
	}
	return false
}

// String returns what was written so far.
func (o *Output) String() string { return o.From(0) }

// From returns what was written behind the first n bytes.
func (o *Output) From(n int) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.said.Bytes()[n:])
}

// Len returns the number of bytes that were written so far.
func (o *Output) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.Len()
}
