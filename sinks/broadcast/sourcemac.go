package broadcast

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
