package broadcast

// SourceMAC says which source address frames get. Packets that were captured
// without an Ethernet header get the interface's.
type SourceMAC string

// Source addresses.
const (
	// CapturedDestination is this host's address as the router knows it: the
	// interface's own. Only where there is no interface, in a replay, it is what the
	// frame was sent to.
	CapturedDestination SourceMAC = "captured-destination"
	// CapturedSource is the router's, unless it is a group's. Switches may then send
	// the router's traffic here.
	CapturedSource SourceMAC = "captured-source"
	// Interface is the address of the sending interface.
	Interface SourceMAC = "interface"
)
