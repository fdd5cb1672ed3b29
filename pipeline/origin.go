package pipeline

import "github.com/pmtud/pmtud/pipeline/linklayer"

// Origin is how a packet came to this host.
type Origin uint8

// Origins.
const (
	// OriginCapture is the origin of packets that were captured, logged or read from a file.
	OriginCapture Origin = iota
	// OriginRelay is the origin of packets that another host's pmtud handed over.
	OriginRelay
	// OriginInjected is the origin of packets that pmtud put into the host's own network stack,
	// where the source knows it and Data has no Ethernet header that shows it.
	OriginInjected
)

// Injected reports whether pmtud put the packet into a host's network stack: it was
// captured or logged on its way from there.
func (p *Packet) Injected() bool {
	if p.Origin == OriginInjected {
		return true
	}
	return p.LinkType == linklayer.Ethernet && len(p.Data) >= 12 && [6]byte(p.Data[6:]) == linklayer.InjectedMAC
}

// Reach is how far what a sink sends can get, and so which packets it may have. The
// engine enforces it: a message that goes round would grow with every host that it passes.
type Reach uint8

// Reaches.
const (
	// reachNone is for sinks that send nothing, such as a log. They get every packet.
	reachNone Reach = iota
	// ReachHost is for sinks that hand packets to this host's network stack. They do not
	// get what was injected before.
	ReachHost
	// ReachNetwork is for sinks that send to other hosts. They get neither what was injected
	// nor what another host's pmtud handed over.
	ReachNetwork
)

// refuses returns the engine's reason to keep p from the sink, or nothing.
func (s *sinkStage) refuses(p *Packet) string {
	switch {
	case s.reach == reachNone:
		return ""
	case p.Injected():
		return reasonInjected
	case s.reach == ReachNetwork && (p.Origin == OriginRelay || s.hasArrived(p)):
		return reasonRelayed
	}
	return ""
}

// hasArrived reports whether p is known by its content as one that came from a relay: it
// was injected, and captured without its mark. What arrives is remembered with the host's time,
// as time stamps are; the pipeline's clock goes its own way when the host's is set back.
func (s *sinkStage) hasArrived(p *Packet) bool {
	if p.Network < 0 || s.arrived.Empty() {
		return false
	}
	at := p.Time
	if at == 0 {
		at = p.Clock
	}
	return s.arrived.Has(s.arrived.Packet(p.Data[p.Network:]), int64(at))
}
