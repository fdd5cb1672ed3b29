package broadcast

import "fmt"

// SourceMAC says which source address frames get. Packets that were captured
// without an Ethernet header get the interface's.
type SourceMAC string

// Source addresses.
const (
	// CapturedDestination is this host's address as the router knows it.
	CapturedDestination SourceMAC = "captured-destination"
	// CapturedSource is the router's. Switches may then send its traffic here.
	CapturedSource SourceMAC = "captured-source"
	// Interface is the address of the sending interface.
	Interface SourceMAC = "interface"
)

// UnmarshalText reads the name of a source address.
func (m *SourceMAC) UnmarshalText(text []byte) error {
	switch SourceMAC(text) {
	case CapturedDestination, CapturedSource, Interface:
		*m = SourceMAC(text)
		return nil
	}
	return fmt.Errorf("%q is not a source address; write captured-destination, captured-source or interface", text)
}
