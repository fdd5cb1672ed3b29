package probe

import (
	"net/netip"
	"time"
)

// Verdict says how a path does.
type Verdict string

// Verdicts.
const (
	OK          Verdict = "ok"          // the host answered to a packet of the path MTU
	BlackHole   Verdict = "black-hole"  // larger packets vanish, and nobody says so
	Silent      Verdict = "silent"      // the host does not answer at all
	Unreachable Verdict = "unreachable" // a router or this host says that there is no way
	Failed      Verdict = "failed"      // this host can't probe
)

// Path is what was found out about the path to a host.
type Path struct {
	Host    string     `json:"host"` // as it was given
	Address netip.Addr `json:"address,omitzero"`
	From    netip.Addr `json:"from,omitzero"` // this host's address
	Verdict Verdict    `json:"verdict"`

	// InterfaceMTU is what the outgoing interface takes, KnownMTU what the kernel used for the
	// host before, and MTU the largest packet that arrives. Of a silent host MTU holds as far as
	// the last hop that answers. Zero is unknown.
	InterfaceMTU int `json:"interface_mtu,omitempty"`
	KnownMTU     int `json:"known_mtu,omitempty"`
	MTU          int `json:"path_mtu,omitempty"`

	Hops       []Hop       `json:"hops,omitempty"`
	Narrowings []Narrowing `json:"narrowings,omitempty"`
	Hole       *Hole       `json:"black_hole,omitempty"`
	Refusal    *Refusal    `json:"refusal,omitempty"`
	Learned    *Learned    `json:"learned,omitempty"`
	TCP        *TCP        `json:"tcp,omitempty"`
	Notes      []string    `json:"notes,omitempty"` // what is odd
	Error      string      `json:"error,omitempty"` // why it failed
}

// Hop is a router on the path, or its end.
type Hop struct {
	Number int          `json:"hop"`
	Router netip.Addr   `json:"router,omitzero"` // invalid: it does not answer
	Time   Milliseconds `json:"time_ms,omitempty"`
	MTU    int          `json:"mtu,omitempty"`  // the largest packet that gets this far
	Host   bool         `json:"host,omitempty"` // it is the end
}

// Narrowing is a router that said that the link behind it takes smaller packets only.
type Narrowing struct {
	Hop    int        `json:"hop,omitempty"` // 0: it is not known which
	Router netip.Addr `json:"router"`
	MTU    int        `json:"mtu"`
}

// Hole is where large packets vanish.
type Hole struct {
	AfterHop    int        `json:"after_hop"` // the last that large packets reach; 0: this host
	AfterRouter netip.Addr `json:"after_router,omitzero"`
	BeforeHop   int        `json:"before_hop,omitempty"` // the first that they do not; 0: the host
	Passes      int        `json:"passes"`               // bytes
	Vanishes    int        `json:"vanishes"`
}

// Refusal is an ICMP error that says that there is no way to the host.
type Refusal struct {
	From   netip.Addr `json:"from"`
	Reason string     `json:"reason"`
}

// Learned is what the kernel holds of the path from now on.
type Learned struct {
	MTU     int `json:"mtu"`
	Seconds int `json:"seconds"`
}

// Milliseconds is a time that JSON has as a number of milliseconds.
type Milliseconds time.Duration

// MarshalJSON returns milliseconds with three digits.
func (m Milliseconds) MarshalJSON() ([]byte, error) {
	return []byte(decimal(float64(m)/float64(time.Millisecond), 3)), nil
}

// Bad reports whether something is wrong with the path.
func (p *Path) Bad() bool {
	return p.Verdict != OK || p.TCP.bad()
}
