package soak

import "fmt"

// ledger counts frames by what the kernel says came in by an interface.
type ledger struct {
	before    uint64 // the interface's count when the present span began
	disturbed bool   // whether frames of the span may miss the program

	certain uint64 // frames that the program must have seen
	all     uint64 // those, and the ones that it may have seen
}

// turn ends a span and begins another, while the interface's count is n.
func (l *ledger) turn(n uint64, disturbed bool) {
	came := n - l.before
	l.all += came
	if !l.disturbed {
		l.certain += came
	}
	l.before, l.disturbed = n, disturbed
}

// remade says that the interface is another one, whose count begins at 0.
func (l *ledger) remade() { l.before = 0 }

// check compares the count of the program with that of the kernel.
func (l *ledger) check(seen uint64) error {
	if seen < l.certain || seen > l.all {
		return fmt.Errorf("received and lost are %d frames, but %d to %d came in", seen, l.certain, l.all)
	}
	return nil
}
