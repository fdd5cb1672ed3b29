package flow

import "github.com/pmtud/pmtud/pipeline"

// Parse parses a reply to question number sequence.
func Parse(sequence uint32, reply []byte) (body []byte, mine bool, err error) {
	return (&conn{sequence: sequence}).parse(reply)
}

// Socket returns the descriptor by which a filter asks its only table.
func Socket(f pipeline.Filter) int {
	switch t := f.(*filter).tables[0].(type) {
	case sockets:
		return t.fd
	case conntrack:
		return t.fd
	}
	return -1
}
