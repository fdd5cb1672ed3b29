package peers

import (
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/peerlist"
)

// isCopy reports whether somebody gave a message a new destination: this host, though the
// quoted packet came from another address. Routers send a message to the source of the
// packet that it is about. So a peer's copy is known whatever address it was sent from or to.
func isCopy(plan *peerlist.Plan, p *pipeline.Packet) bool {
	target := p.Target()
	if !plan.IsOwn(target) {
		return false
	}
	quoted, ok := p.Quoted()
	return ok && quoted.Src != target
}

// wentRound remembers the message and reports whether it came back: copies go round with an
// ever lower TTL, whatever addresses they get on their way.
func (s *Sink) wentRound(p *pipeline.Packet) bool {
	return s.seen.AddTTL(s.seen.Message(message(p)), p.IP().TTL(), int64(p.Clock))
}
