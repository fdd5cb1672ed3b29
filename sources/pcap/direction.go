package pcap

import "fmt"

// Direction says which packets are captured, as seen from this host.
type Direction string

// Directions.
const (
	In   Direction = "in"
	Out  Direction = "out"
	Both Direction = "both"
)

// UnmarshalText reads the name of a direction.
func (d *Direction) UnmarshalText(text []byte) error {
	switch Direction(text) {
	case In, Out, Both:
		*d = Direction(text)
		return nil
	}
	return fmt.Errorf("%q is not a direction; write in, out or both", text)
}
