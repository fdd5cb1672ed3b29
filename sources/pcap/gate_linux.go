package pcap

import (
	"time"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/afpacket"
	"github.com/pmtud/pmtud/sources/pcap/internal/tpacket"
)

const (
	// crowd is the number of packets in the ring at once below which the kernel's gate is
	// left open: reading them costs less than two changes of the filter.
	crowd = 64

	// gateMargin is how long before the pipeline's gate the kernel's opens. The
	// program may be late; then the packet that would have passed counts as lost.
	gateMargin = 10 * time.Millisecond

	leastShut = 10 * time.Millisecond
	mostShut  = time.Second // so that a step of the host's clock does no more harm
)

// gate has the kernel refuse packets while the pipeline would refuse them all: a
// filter cuts them to a mark, and blocks of marks are counted at a glance.
type gate struct {
	saturatedUntil func() (pipeline.Instant, bool)
	countRefused   func(n int, last pipeline.Instant)
	open           []bpf.RawInstruction
	mark           []bpf.RawInstruction // nil: there is nothing that could be told from a mark
	shut           bool
	marks          tpacket.Marks
}

// prepareGate makes the filters for the link.
func (s *source) prepareGate() (err error) {
	s.gate.shut, s.gate.mark = false, nil
	if s.gate.open, err = s.program(s.link.LinkType, s.Snaplen); err != nil {
		return err
	}
	marked := s.gate.saturatedUntil != nil && s.kernelFilter != nil && s.kernelFilter(s.link.LinkType, tpacket.MarkLen) != nil
	if marked && s.Snaplen > tpacket.MarkLen {
		s.gate.mark, err = s.program(s.link.LinkType, tpacket.MarkLen)
	}
	return err
}

// tendGate counts the marked packets of a block and shuts the gate if that is worth it, after
// a block of other packets with so many in front of it.
func (s *source) tendGate(read int) {
	g := &s.gate
	if g.marks.Refused > 0 {
		g.countRefused(g.marks.Refused, g.marks.Last)
		g.marks.Refused = 0
	}
	if read == 0 || s.ring.Backlog() < crowd || g.shut || g.mark == nil || s.state != afpacket.Up {
		return // without an interface nothing comes, and the deadline is that of look
	}
	until, shut := g.saturatedUntil()
	if !shut {
		return
	}
	now := time.Now()
	rest := min(time.Unix(0, int64(until)).Sub(now)-gateMargin, mostShut)
	if rest >= leastShut {
		// What is missing for one packet comes in by until at the latest, and so
		// what a second one takes is not there for at least as long again.
		s.gate.marks.Shut(until, 2*until-pipeline.InstantOf(now))
		s.shutGate(now.Add(rest))
	}
}

func (s *source) shutGate(open time.Time) {
	if err := s.socket.Conn.SetBPF(s.gate.mark); err != nil {
		s.log.Debug("can't attach kernel filter that marks packets", "error", err)
		return
	}
	s.gate.shut = true
	_ = s.socket.Conn.SetReadDeadline(open) // fails after Close only
}

// openGate opens the gate, and tries again soon if it can't.
func (s *source) openGate() {
	var again time.Time
	if err := s.socket.Conn.SetBPF(s.gate.open); err != nil {
		s.log.Warn("can't attach kernel filter", "error", err)
		again = time.Now().Add(gateMargin)
	}
	s.gate.shut = !again.IsZero()
	_ = s.socket.Conn.SetReadDeadline(again)
}
