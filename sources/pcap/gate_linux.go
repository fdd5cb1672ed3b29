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

	// mostShut is how long the gate is shut at most, so that a step of the host's clock does
	// no more harm.
	mostShut = time.Second

	// countPause is the time between two looks at what the gate refused, while nothing passes
	// it. It is short enough for metrics.
	countPause = time.Second
)

// gatekeeper has the kernel refuse what the pipeline need not see.
type gatekeeper struct {
	saturatedUntil func() (all, newcomers pipeline.Instant)
	countRefused   func(n int, last pipeline.Instant)

	gate     *gate.Gate  // nil if there is none
	has      atomic.Bool // gate is not nil, for Measure
	link     linklayer.Type
	until    time.Time // when the gate will have opened by itself
	counting bool      // a read deadline is set
}

// headerLen has the link layers whose packets a gate can look into.
var headerLen = map[linklayer.Type]int{linklayer.Ethernet: wire.EthernetLen, linklayer.Raw: 0}

// useGate makes a gate behind the filter for the link's packets, unless there is one, and reports
// whether it could. Without a gate, everything works as with it, but for the time that a flood takes.
func (s *source) useGate(filter []bpf.Instruction) bool {
	g := &s.gatekeeper
	if g.gate != nil && g.link == s.link.LinkType {
		return true
	}
	_ = g.close() // what it refused is counted, and nothing else depends on it
	header, known := headerLen[s.link.LinkType]
	if !known || g.saturatedUntil == nil {
		return false
	}
	made, err := gate.New(filter, header)
	if err != nil {
		s.log.Debug("floods are not refused in the kernel", "error", err)
		return false
	}
	g.gate, g.link = made, s.link.LinkType
	g.has.Store(true)
	return true
}

// tendGate counts what the gate refused and shuts it, if that is of use, after a block of
// packets that has many in front of it.
func (s *source) tendGate() {
	g := &s.gatekeeper
	if g.gate == nil {
		return
	}
	g.count()
	if s.ring.Backlog() < crowd || s.state != afpacket.Up {
		return // without an interface nothing comes, and the deadline is that of look
	}
	now := time.Now()
	at := pipeline.InstantOf(now)
	all, newcomers := g.saturatedUntil()
	rest := func(until pipeline.Instant) time.Duration {
		return min(max(time.Duration(until-at), 0), mostShut)
	}
	long := max(rest(all), rest(newcomers))
	if long == 0 {
		return
	}
	g.gate.Shut(rest(all), rest(newcomers))
	g.until = now.Add(long)
	if !g.counting {
		g.counting = true
		_ = s.socket.Conn.SetReadDeadline(now.Add(countPause)) // fails after Close only
	}
}

// count enters what the gate refused since the last time, and reports whether it was anything.
func (g *gatekeeper) count() bool {
	n := 0
	if g.gate != nil {
		n = g.gate.TakeRefused()
	}
	if n > 0 {
		g.countRefused(n, pipeline.InstantOf(time.Now()))
	}
	return n > 0
}

// countLater enters what the gate refused after a deadline, and sets another one while it may go on.
func (s *source) countLater() error {
	g := &s.gatekeeper
	g.counting = g.count() || time.Now().Before(g.until)
	var next time.Time
	if g.counting {
		next = time.Now().Add(countPause)
	}
	return s.socket.Conn.SetReadDeadline(next)
}

// close counts a last time and lets go of the gate.
func (g *gatekeeper) close() error {
	if g.gate == nil {
		return nil
	}
	g.count()
	err := g.gate.Close()
	g.gate = nil
	g.has.Store(false)
	return err
}

// Measure is [pipeline.Measurer].
func (s *source) Measure(emit func(metric int, label string, value float64)) {
	value := 0.0
	if s.gatekeeper.has.Load() {
		value = 1
	}
	emit(gateMetric, "", value)
}
