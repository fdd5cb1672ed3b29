package pcap

import (
	"sync/atomic"
	"time"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/afpacket"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
	"github.com/pmtud/pmtud/sources/pcap/internal/gate"
)

const (
	// crowd is the number of packets in the ring at once below which the gate is left open.
	crowd = 64

	// mostShut is how long the gate is shut at most without a new look at the limits.
	mostShut = time.Second
)

// gatekeeper has the kernel refuse what the pipeline need not see.
type gatekeeper struct {
	saturatedFor func() (all, newcomers time.Duration)
	countRefused func(n int, last pipeline.Instant)
	canaries     bool // somebody wants to hear them

	gate  atomic.Pointer[gate.Gate] // nil if there is none; Measure reads it, too
	link  linklayer.Type
	until time.Time // when the gate will have opened by itself
}

// headerLen has the link layers whose packets a gate can look into.
var headerLen = map[linklayer.Type]int{linklayer.Ethernet: wire.EthernetLen, linklayer.Raw: 0}

// useGate makes a gate behind the filter for the link's packets, unless there is one, and reports
// whether it could. The filter has to select messages, so that the gate is asked about nothing
// else. Without a gate, everything works as with it, but for the time that a flood takes.
func (s *source) useGate(filter []bpf.Instruction, selects bool) bool {
	g := &s.gatekeeper
	if g.gate.Load() != nil && g.link == s.link.LinkType {
		return true
	}
	g.close() // the socket is attached to nothing now
	header, known := headerLen[s.link.LinkType]
	if !selects || !known || g.saturatedFor == nil {
		s.log.Debug("floods are not refused in the kernel: that takes the filters icmp-ptb, as the first one, and iface-rate, no sink that is to get what is dropped, and Ethernet or bare IP")
		return false
	}
	made, err := gate.New(gate.Config{Filter: filter, Header: header, Canaries: g.canaries})
	switch {
	case err == nil:
	case gate.WasLoaded():
		s.log.Warn("floods are no longer refused in the kernel", "error", err, "hint", "restart the program")
		return false
	default:
		s.log.Debug("floods are not refused in the kernel", "error", err)
		return false
	}
	g.gate.Store(made)
	g.link = s.link.LinkType
	return true
}

// tendGate counts what the gate refused and shuts it, if that is of use, after a block of
// packets that has many in front of it. The last one has the time stamp last.
func (s *source) tendGate(last pipeline.Instant) {
	g := &s.gatekeeper
	kernel := g.gate.Load()
	if kernel == nil {
		return
	}
	s.came += g.count(last)
	if s.queue.inUse || s.ring.Backlog() < crowd || s.state != afpacket.Up {
		return // without an interface nothing comes, and the deadline is that of look
	}
	all, newcomers := g.saturatedFor()
	now := time.Now()
	all, newcomers = rest(all, last, now), rest(newcomers, last, now)
	long := max(all, newcomers)
	if long == 0 {
		return
	}
	kernel.Shut(all, newcomers)
	g.until = now.Add(long)
	s.tickLater()
}

// open ends what tendGate has shut: the queue delivers all packets.
func (g *gatekeeper) open() {
	g.until = time.Time{}
	if kernel := g.gate.Load(); kernel != nil {
		kernel.Shut(0, 0)
	}
}

// rest returns what is left now of a time that began with a time stamp. A step of the host's
// clock does little harm.
func rest(of time.Duration, begin pipeline.Instant, now time.Time) time.Duration {
	passed := max(now.Sub(begin.Time()), 0)
	return min(max(of-passed, 0), mostShut)
}

// count enters what the gate refused since the last time, the last of them about when a packet had
// this time stamp, and returns how many.
func (g *gatekeeper) count(last pipeline.Instant) (n int) {
	if kernel := g.gate.Load(); kernel != nil {
		n = kernel.TakeRefused()
	}
	if n > 0 {
		g.countRefused(n, last)
	}
	return n
}

// countNow is count at this time.
func (g *gatekeeper) countNow() int { return g.count(pipeline.InstantOf(time.Now())) }

// close counts a last time and lets go of the gate, which the socket must not have any more.
func (g *gatekeeper) close() {
	g.countNow()
	if kernel := g.gate.Swap(nil); kernel != nil {
		kernel.Close()
	}
}

// Measure is [pipeline.Measurer].
func (s *source) Measure(emit func(metric int, label string, value float64)) {
	value := 0.0
	if s.gatekeeper.gate.Load() != nil {
		value = 1
	}
	emit(gateMetric, "", value)
}
