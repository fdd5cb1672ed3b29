package portlist

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Explain tells the port that is read: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	port, reason := readPort(p.Quote())
	if reason != pipeline.Pass {
		return fmt.Sprintf("no port in the %d octets quoted", len(p.Quote()))
	}
	if f.has(port) {
		return fmt.Sprintf("quoted source port %d, listed", port)
	}
	return fmt.Sprintf("quoted source port %d, not listed", port)
}
