package icmpptb

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Explain tells what the packet is: see [pipeline.Explainer].
func (filter) Explain(p *pipeline.Packet) string {
	what := "no packet-too-big message"
	switch p.PTB {
	case 4:
		what = "ICMPv4 type 3 code 4"
	case 6:
		what = "ICMPv6 type 2 code 0"
	}
	if p.Broadcast() {
		what += ", sent to several hosts"
	}
	if p.Injected() {
		what += ", injected by pmtud"
	}
	return fmt.Sprintf("%s, %d of %d octets captured", what, len(p.Data), p.Length)
}
