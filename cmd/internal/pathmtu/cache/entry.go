package cache

import (
	"net/netip"
	"time"
)

// Entry is what the kernel has learned about the way to a host.
type Entry struct {
	Namespace   string     `json:"netns,omitempty"` // empty: that of this process
	Destination netip.Addr `json:"destination"`
	MTU         int        `json:"mtu,omitempty"`     // 0: only the gateway was learned
	Locked      bool       `json:"locked,omitempty"`  // below net.ipv4.route.min_pmtu: packets go without DF
	Seconds     int        `json:"seconds,omitempty"` // until it is forgotten
	Device      string     `json:"device,omitempty"`
	Gateway     netip.Addr `json:"gateway,omitzero"`
	Table       int        `json:"table"` // 254 is the main one
	VRF         string     `json:"vrf,omitempty"`

	// The message that taught it, if it is known.
	Router netip.Addr `json:"router,omitzero"`
	Heard  time.Time  `json:"heard,omitzero"`

	index int // of the device
}

// mainTable is the routing table without a number of its own.
const mainTable = 254

// Main reports whether the entry is of the main routing table.
func (e Entry) Main() bool { return e.Table == mainTable }

// Query says what to list or delete.
type Query struct {
	Destination netip.Addr // invalid: all
	Only4       bool
	Only6       bool
}

func (q Query) has4() bool { return !q.Only6 && !q.Destination.Is6() }
func (q Query) has6() bool { return !q.Only4 && !q.Destination.Is4() }
