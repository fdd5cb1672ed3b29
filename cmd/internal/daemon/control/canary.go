package control

import (
	"github.com/pmtud/pmtud/cmd/internal/daemon/hearing"
	"github.com/pmtud/pmtud/pipeline/canary"
)

// canaryState returns what is known of other servers.
func canaryState(s *hearing.State) *Canary {
	if s == nil {
		return nil
	}
	c := &Canary{
		Name: s.Name, Interval: s.Interval.Seconds(), Malformed: s.Malformed, Overflow: s.Overflow,
		Peers: []CanaryPeer{}, Missing: []CanaryListed{}, Findings: []CanaryTrouble{},
	}
	for _, p := range s.Peers {
		out := CanaryPeer{
			Name: p.Name, Heard: p.Heard(p.Last(), s.Now), Last: p.Last(), Interval: p.Interval.Seconds(), Addresses: []string{},
		}
		for _, a := range p.Addresses {
			out.Addresses = append(out.Addresses, a.String())
		}
		for _, w := range p.Ways {
			out.Ways = append(out.Ways, CanaryWay{w.Name, p.Heard(w.Last, s.Now), w.Last, w.Count})
		}
		c.Peers = append(c.Peers, out)
	}
	for _, m := range s.Missing {
		c.Missing = append(c.Missing, CanaryListed{m.Listed, m.Pipeline, m.Sink})
	}
	for _, f := range s.Findings() {
		c.Findings = append(c.Findings, CanaryTrouble{f.Server, f.Trouble})
	}
	return c
}

func canariesSent(c canary.Count) *CanarySent {
	if c.Sent+c.Failed == 0 {
		return nil
	}
	return &CanarySent{c.Sent, c.Failed, c.Reason}
}
