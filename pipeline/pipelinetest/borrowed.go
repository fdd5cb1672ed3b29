package pipelinetest

import (
	"runtime/debug"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

// lent overwrites bytes that were taken back.
const lent = 0xa5

// lender lends bytes from two pieces of memory in turn: one that was taken back
// stays away while the other is lent.
type lender struct {
	memory [2]pages
	turn   int
}

// newLender returns a lender of as many bytes at once.
func newLender(t testing.TB, size int) *lender {
	t.Helper()
	return &lender{memory: [2]pages{newPages(t, size), newPages(t, size)}}
}

// lend moves the bytes of packets to lent memory, with nothing behind each.
func (l *lender) lend(t testing.TB, packets ...*pipeline.Packet) {
	t.Helper()
	l.turn ^= 1
	memory := l.memory[l.turn]
	memory.present(t, true)
	at := 0
	for _, p := range packets {
		end := at + copy(memory[at:], p.Data)
		p.Data = memory[at:end:end]
		at = end
	}
}

// takeBack overwrites what was lent and makes it unusable.
func (l *lender) takeBack(t testing.TB) {
	t.Helper()
	memory := l.memory[l.turn]
	for i := range memory {
		memory[i] = lent
	}
	memory.present(t, false)
}

// catchUse fails the test when the function that defers it touched bytes that had
// been taken back. (In another goroutine that ends the program, and the trace
// says where.)
func catchUse(t testing.TB) func() {
	before := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(before)
		v := recover()
		if _, fault := v.(interface{ Addr() uintptr }); fault {
			t.Fatalf("borrowed bytes were used after the call: %v\n%s", v, debug.Stack())
		}
		if v != nil {
			panic(v)
		}
	}
}
