package key

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// Describe returns the fields of a decoded packet in a few words, for logs.
// It is not for the hot path.
func (e *Extractor) Describe(p *pipeline.Packet) string {
	var all []string
	for _, f := range e.fields {
		all = append(all, fmt.Sprintf("%v %s", f, e.value(f, p)))
	}
	return strings.Join(all, ", ")
}

func (e *Extractor) value(f Field, p *pipeline.Packet) string {
	q, quotes := p.Quoted()
	switch f {
	case Router:
		return addrText(p.Router())
	case RouterPrefix:
		return e.prefixText(p.Router())
	case Client:
		return addrText(q.Dst)
	case ClientPrefix:
		return e.prefixText(q.Dst)
	case Target:
		return addrText(p.Target())
	case MTU:
		if mtu, ok := p.MTU(); ok {
			return fmt.Sprint(mtu)
		}
	case Flow:
		if quotes {
			return flowText(q)
		}
	}
	return none
}

// none stands for what a packet lacks.
const none = "none"

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return none
	}
	return a.String()
}

func (e *Extractor) prefixText(a netip.Addr) string {
	switch {
	case a.Is4():
		return netip.PrefixFrom(a, e.prefixes.PrefixV4).Masked().String()
	case a.Is6():
		return netip.PrefixFrom(a, e.prefixes.PrefixV6).Masked().String()
	}
	return none
}

func flowText(q pipeline.Quoted) string {
	if !q.HasPorts {
		return fmt.Sprintf("protocol %d %v to %v", q.Protocol, q.Src, q.Dst)
	}
	src, dst := netip.AddrPortFrom(q.Src, q.SrcPort), netip.AddrPortFrom(q.Dst, q.DstPort)
	return fmt.Sprintf("protocol %d %v to %v", q.Protocol, src, dst)
}
