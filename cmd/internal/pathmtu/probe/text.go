package probe

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Print writes a path as text, in lines of at most 80 characters.
func (p *Path) Print(w io.Writer) error {
	t := printer{}
	t.head(p)
	t.hops(p)
	t.verdict(p)
	t.tcp(p.TCP, p.InterfaceMTU)
	for _, note := range p.Notes {
		t.sentence("Note: " + note + ".")
	}
	t.learned(p)
	_, err := io.WriteString(w, t.String())
	return err
}

// printer writes the parts of a report.
type printer struct{ strings.Builder }

const width = 80

// sentence writes text in as many lines as it needs.
func (t *printer) sentence(text string) {
	column := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case column+1+len(word) > width:
			t.WriteString("\n  ")
			column = 2
		default:
			t.WriteByte(' ')
			column++
		}
		t.WriteString(word)
		column += len(word)
	}
	t.WriteByte('\n')
}

func (t *printer) head(p *Path) {
	name := p.Host
	if p.Address.IsValid() && p.Host != p.Address.String() {
		name = fmt.Sprintf("%s (%v)", p.Host, p.Address)
	}
	text := "Path to " + name
	if p.From.IsValid() {
		text += fmt.Sprintf(" from %v", p.From)
	}
	if p.InterfaceMTU > 0 {
		text += fmt.Sprintf(", interface MTU %d", p.InterfaceMTU)
	}
	t.sentence(text)
	if p.KnownMTU > 0 && p.KnownMTU < p.InterfaceMTU {
		t.sentence(fmt.Sprintf("The kernel already knew a path MTU of %d.", p.KnownMTU))
	}
}

func (t *printer) hops(p *Path) {
	if len(p.Hops) == 0 {
		return
	}
	column := len("router")
	for _, h := range p.Hops {
		column = max(column, len(h.router()))
	}
	fmt.Fprintf(t, " hop  %-*s  %10s  %5s\n", column, "router", "time", "MTU")
	for _, h := range p.Hops {
		line := fmt.Sprintf("%4d  %-*s", h.Number, column, h.router())
		if h.Router.IsValid() {
			mtu := ""
			if h.MTU > 0 {
				mtu = fmt.Sprint(h.MTU)
			}
			line += fmt.Sprintf("  %10s  %5s", decimal(float64(h.Time)/float64(time.Millisecond), 2)+" ms", mtu)
		}
		if said := h.said(p); said != "" {
			if len(line)+2+len(said) > width {
				line += "\n" + strings.Repeat(" ", 6+column)
			}
			line += "  " + said
		}
		t.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

func (h Hop) router() string {
	if !h.Router.IsValid() {
		return "no answer"
	}
	return h.Router.String()
}

// said returns what is to know about a hop.
func (h Hop) said(p *Path) string {
	for _, n := range p.Narrowings {
		if n.Hop == h.Number {
			if n.Router != h.Router && h.Router.IsValid() {
				return fmt.Sprintf("reports MTU %d (from %v)", n.MTU, n.Router)
			}
			return fmt.Sprintf("reports MTU %d", n.MTU)
		}
	}
	switch {
	case p.Hole != nil && p.Hole.BeforeHop == h.Number:
		return "larger packets do not arrive here"
	case h.Host:
		return "the host"
	}
	return ""
}

func (t *printer) verdict(p *Path) {
	switch p.Verdict {
	case OK:
		text := fmt.Sprintf("Path MTU %d: the host answers packets of this size.", p.MTU)
		if n := len(p.Narrowings); n > 0 {
			text += " Routers report larger ones as too big, as they should."
		}
		t.sentence(text)
	case BlackHole:
		t.hole(p)
	case Silent:
		t.silent(p)
	case Unreachable:
		t.sentence(fmt.Sprintf("Unreachable: %s, says %s.", p.Refusal.Reason, p.refuser()))
	case Failed:
		t.sentence("Failed: " + p.Error)
	}
}

func (p *Path) refuser() string {
	if p.Refusal.From == p.From || !p.Refusal.From.IsValid() {
		return "this host: nobody on the link has the address"
	}
	return p.Refusal.From.String()
}

func (t *printer) hole(p *Path) {
	after, before := "this host", "the host"
	if p.Hole.AfterHop > 0 {
		after = fmt.Sprintf("hop %d (%v)", p.Hole.AfterHop, p.Hole.AfterRouter)
	}
	if p.Hole.BeforeHop > 0 && !p.Hops[len(p.Hops)-1].is(p.Hole.BeforeHop) {
		before = fmt.Sprintf("hop %d", p.Hole.BeforeHop)
	}
	t.sentence(fmt.Sprintf(
		"Black hole between %s and %s: packets of %d bytes or more vanish, and no router reports it. Path MTU %d.",
		after, before, p.Hole.Vanishes, p.Hole.Passes,
	))
	t.sentence("Remedy: let ICMP \"packet too big\" (IPv4 type 3 code 4, IPv6 type 2) pass there and here, or clamp the TCP MSS to the path MTU, or set net.ipv4.tcp_mtu_probing=1 on the senders.")
}

func (h Hop) is(number int) bool { return h.Host && h.Number == number }

func (t *printer) silent(p *Path) {
	if len(p.Hops) == 0 {
		t.sentence("Silent: neither the host nor any router on the path answers.")
		return
	}
	last := p.Hops[len(p.Hops)-1]
	t.sentence(fmt.Sprintf(
		"Silent: the host does not answer. Packets of %d bytes get as far as hop %d (%v). Try --tcp with an open port.",
		p.MTU, last.Number, last.Router,
	))
}

func (t *printer) tcp(c *TCP, mtu int) {
	switch {
	case c == nil:
		return
	case c.Error != "":
		t.sentence(fmt.Sprintf("TCP port %d: %s.", c.Port, c.Error))
		return
	}
	text := fmt.Sprintf("TCP port %d: MSS %d offered, %d received", c.Port, c.Offered, c.Received)
	switch {
	case c.Unsure:
		text += " or more; the kernel already knew a smaller path MTU"
	case c.ClampedFor > 0:
		text += fmt.Sprintf(": clamped to %d, as for an MTU of %d, by the host or a device on the path", c.Received, c.ClampedFor)
	default:
		text += fmt.Sprintf(", as for an MTU of %d: nothing on the path clamps it", mtu)
	}
	t.sentence(text + ".")
	t.segments(c)
}

func (t *printer) segments(c *TCP) {
	switch c.Segments {
	case Arrived:
		t.sentence(fmt.Sprintf("Full-size segments of %d bytes arrive.", c.SegmentSize))
	case Shrunk:
		t.sentence(fmt.Sprintf("Full-size segments of %d bytes are too big; after a router reported it, segments of %d bytes arrive.", c.SegmentSize, c.ArrivedSize))
	case Lost:
		text := fmt.Sprintf("Full-size segments of %d bytes do not arrive: %d retransmissions", c.SegmentSize, c.Repeated)
		if c.ArrivedSize > 0 {
			text += fmt.Sprintf(" until tcp_mtu_probing found %d", c.ArrivedSize)
		}
		t.sentence(text + ". Connections that send much data hang.")
	case Unclear:
		t.sentence("It is not clear whether full-size segments arrive.")
	}
}

// learned says how this host was changed.
func (t *printer) learned(p *Path) {
	if p.Learned == nil {
		return
	}
	t.sentence(fmt.Sprintf(
		"This host has learned it: all its programs send packets of at most %d bytes to %v for %s. `pmtud cache` shows this.",
		p.Learned.MTU, p.Address, spoken(p.Learned.Seconds),
	))
}

func spoken(seconds int) string {
	switch {
	case seconds == 600:
		return "ten minutes"
	case seconds%60 == 0:
		return fmt.Sprintf("%d minutes", seconds/60)
	}
	return fmt.Sprintf("%d seconds", seconds)
}

func decimal(value float64, digits int) string { return fmt.Sprintf("%.*f", digits, value) }
