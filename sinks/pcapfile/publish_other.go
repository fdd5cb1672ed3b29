//go:build !linux

package pcapfile

// publish gives a file another name, which must not be taken.
func publish(from, to string) error { return link(from, to) }
