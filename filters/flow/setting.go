package flow

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Match says which messages pass.
type Match string

// Matches.
const (
	Here      Match = "here"      // about flows that this host has
	Elsewhere Match = "elsewhere" // about flows that it does not have
)

// Overloaded says what becomes of a message whose flow can't be looked up.
type Overloaded string

// What may become of it.
const (
	PassOnOverload Overloaded = "pass"
	DropOnOverload Overloaded = "drop"
)

// Table names where flows are looked up.
type Table string

// Tables of the kernel.
const (
	Sockets   Table = "sockets"
	Conntrack Table = "conntrack"
)

// Tables is a list of tables, asked in its order.
type Tables []Table

// String returns the names, separated by commas.
func (ts Tables) String() string {
	var names []string
	for _, t := range ts {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

// check refuses lists in which nothing or something twice is named.
func (ts Tables) check() error {
	if len(ts) == 0 {
		return errors.New("is empty; list sockets, conntrack or both")
	}
	for i, t := range ts {
		if slices.Contains(ts[:i], t) {
			return fmt.Errorf("lists %s twice", t)
		}
	}
	return nil
}
