package sane

import (
	"fmt"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// Explain shows the figures that are compared, and what is wrong by any check, on or
// off: see [pipeline.Explainer].
func (f *filter) Explain(p *pipeline.Packet) string {
	m := message{host: f.host.Load()}
	m.read(p)
	return m.figures() + "; " + f.findings(&m)
}

func (m *message) figures() string {
	if !m.hasHeader {
		return "no IP header"
	}
	text := fmt.Sprintf("IPv%d, %d bytes from %v to %v", m.version, m.length, m.src, m.dst)
	if m.hasMTU {
		text += fmt.Sprintf(", MTU %d", m.mtu)
	}
	if q := &m.quoted; q.hasHeader {
		text += fmt.Sprintf(", quoted %d bytes from %v to %v", q.length, q.src, q.dst)
	}
	return text
}

func (f *filter) findings(m *message) string {
	var found []string
	wrong := m.faults(&f.settings)
	for _, c := range f.settings.checks() {
		if !wrong.has(c.reason) {
			continue
		}
		name := Plugin().Reasons[c.reason-1].Name
		if !*c.on {
			name += " (off)"
		}
		found = append(found, name)
	}
	if len(found) == 0 {
		return "nothing wrong"
	}
	return "wrong: " + strings.Join(found, ", ")
}
