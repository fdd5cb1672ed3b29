package flow

// Parse parses a reply to question number sequence.
func Parse(sequence uint32, reply []byte) (body []byte, mine bool, err error) {
	return (&conn{sequence: sequence}).parse(reply)
}
