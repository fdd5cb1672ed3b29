package pcap

// Direction says which packets to capture, as seen from this host.
type Direction string

// Directions.
const (
	In   Direction = "in"
	Out  Direction = "out"
	Both Direction = "both"
)
