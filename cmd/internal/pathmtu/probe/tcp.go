package probe

// TCP is what a connection to a port of the host has shown.
type TCP struct {
	Port uint16 `json:"port"`

	// Offered is the MSS of our SYN as it left, Received that of the answer as it came. AtMost
	// says that the host may have offered more: the kernel knew a smaller path MTU before.
	Offered  int  `json:"mss_offered,omitempty"`
	Received int  `json:"mss_received,omitempty"`
	Unsure   bool `json:"mss_received_at_least,omitempty"`

	// ClampedFor is the MTU that Received is as for, if that is smaller than the interface's.
	ClampedFor int `json:"clamped_for_mtu,omitempty"`

	// Segments says what became of full-size segments, of SegmentSize bytes of data each. Those
	// that arrived in the end have ArrivedSize.
	Segments    Segments `json:"segments,omitempty"`
	SegmentSize int      `json:"segment_size,omitempty"`
	ArrivedSize int      `json:"arrived_size,omitempty"`
	Repeated    int      `json:"retransmitted,omitempty"`

	Error string `json:"error,omitempty"` // why there is no connection
}

// Segments says what became of full-size segments.
type Segments string

// What became of full-size segments.
const (
	Arrived Segments = "arrived"
	Shrunk  Segments = "shrunk" // smaller ones arrived, after a "packet too big"
	Lost    Segments = "lost"   // retransmitted and not acknowledged
	Unclear Segments = "unclear"
)

// bad reports whether the port can't be reached, or full-size segments do not arrive.
func (t *TCP) bad() bool { return t != nil && (t.Error != "" || t.Segments == Lost) }
