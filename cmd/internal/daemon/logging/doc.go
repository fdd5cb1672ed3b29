// Package logging writes the program's log: lines of text or JSON, whose format and level may
// change while it runs.
//
// # Repeats
//
// What goes wrong often goes wrong a thousand times a second. A [Log] therefore has two
// loggers. [Log.Logger] writes every record; it is for what an operator asked for, such as
// the start, a reload and final counters. [Log.Folded] is for stages: of records
// that say the same it writes the first at once, and then every ten seconds one of them
// with the number of those it stands for:
//
//	level=WARN msg="can't send (repeated 1234 times)" pipeline=edge error="no buffer space"
//
// Two records say the same if level, message and attributes are equal, but for a
// record's own numbers, durations and times: those are figures, and differ each time.
//
// A logger's lines keep the order of its records: repeats are written before anything new,
// and at the end of ten seconds in the order of the latest of each. So the last line that a
// stage wrote about an interface is its state.
//
// Memory is bounded: when too many different things are said at once, the logger whose ten
// seconds began first is forgotten, and its repeats are written.
//
// # Terminal
//
// On a terminal, lines have the local time, level, message and attributes
// below each other, warnings and errors in colour. Nothing in them commands the terminal.
//
// # Journal
//
// Lines that go to systemd's journal begin with their priority as sd-daemon(3) has it,
// and have no time stamp: the journal has its own.
package logging
