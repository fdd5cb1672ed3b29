package icmpptb

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Explain shows what the packet is: see [pipeline.Explainer].
func (*filter) Explain(p *pipeline.Packet) string {
	what := describe(p)
	if p.Broadcast() {
		what += ", sent to several hosts"
	}
	if p.Injected() {
		what += ", injected by pmtud"
	}
	return fmt.Sprintf("%s, %d of %d bytes captured", what, len(p.Data), p.Length)
}

func describe(p *pipeline.Packet) string {
	what := "ICMPv4 type 3 code 4"
	if p.PTB == 6 {
		what = "ICMPv6 type 2 code 0"
	}
	switch {
	case p.PTB != 0 && behindLink(p) < minLen:
		return fmt.Sprintf("%s, but %d bytes after the link layer; at least %d are needed", what, behindLink(p), minLen)
	case p.PTB != 0:
		return what
	case !p.LinkType.Decoded():
		return fmt.Sprintf("link type %v, which is not decoded", p.LinkType)
	}
	found := look(p)
	if found.ptb {
		return "a packet-too-big message where pmtud does not look: " + found.String()
	}
	return fmt.Sprintf("not a packet-too-big message but %v", found)
}
