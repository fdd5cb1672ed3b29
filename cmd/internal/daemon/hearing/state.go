package hearing

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/peerlist"
)

// State is what a daemon knows of the others.
type State struct {
	canary.Report
	Name     string        // of this server
	Interval time.Duration // of its canaries
	Now      time.Time
	Missing  []Missing // listed servers that were never heard
}

// Missing is a server on the list of a sink of which no canary ever came.
type Missing struct {
	Listed         string // address or name
	Pipeline, Sink string
}

// Finding is a server that is not heard as it should be.
type Finding struct {
	Server  string // name, or the address of one that was never heard
	Trouble string // "is not heard: the last test message came 2m 5s ago, by broadcast"
}

// String returns the finding in a line.
func (f Finding) String() string { return "server " + f.Server + " " + f.Trouble }

// grace is how many intervals after canaries were turned on a listed server must have been heard: two
// canaries make it known, and one may be lost.
const grace = 3

// State returns what is known while these pipelines run; nil if canaries are off.
func (c *Caller) State(pipelines []*pipeline.Pipeline) *State {
	now := time.Now()
	c.mu.Lock()
	s := &State{Name: c.name, Interval: c.interval, Now: now}
	since := c.since
	c.mu.Unlock()
	if s.Interval == 0 {
		return nil
	}
	s.Report = c.Ear.Report(now)
	if now.Sub(since) > grace*s.Interval {
		for _, p := range pipelines {
			s.addMissing(p)
		}
	}
	return s
}

// lister is a sink that sends to a list.
type lister interface{ Targets() []peerlist.Target }

func (s *State) addMissing(p *pipeline.Pipeline) {
	for id, stage := range p.Stages() {
		list, ok := stage.(lister)
		if !ok {
			continue
		}
		for _, t := range list.Targets() {
			if !slices.ContainsFunc(s.Peers, func(peer canary.Peer) bool { return is(peer, t) }) {
				s.Missing = append(s.Missing, Missing{t.Listed.String(), p.Name(), id.Name})
			}
		}
	}
}

// is reports whether a server is one of a list: by an address, or by its name with or without the domain.
func is(p canary.Peer, t peerlist.Target) bool {
	if slices.ContainsFunc(t.Addresses, func(a netip.Addr) bool { return slices.Contains(p.Addresses, a) }) {
		return true
	}
	short, _, _ := strings.Cut(t.Listed.Name, ".")
	return t.Listed.Name != "" && (strings.EqualFold(p.Name, t.Listed.Name) || strings.EqualFold(p.Name, short))
}

// Findings returns what is not as it should be; none if s is nil.
func (s *State) Findings() (all []Finding) {
	if s == nil {
		return nil
	}
	for _, p := range s.Peers {
		if text := s.trouble(p); text != "" {
			all = append(all, Finding{p.Name, text})
		}
	}
	for _, m := range s.Missing {
		all = append(all, Finding{m.Listed, fmt.Sprintf("has never been heard; sink %s of pipeline %s lists it", m.Sink, m.Pipeline)})
	}
	if s.Now.Sub(s.Taken) <= 2*s.Interval {
		all = append(all, Finding{s.Name, "is also the name of another server; set canary.name"})
	}
	return all
}

// trouble says how a server is not heard, or nothing.
func (s *State) trouble(p canary.Peer) string {
	var by, not []string
	for _, w := range p.Ways {
		if p.Heard(w.Last, s.Now) {
			by = append(by, w.Name)
		} else {
			not = append(not, w.Name)
		}
	}
	switch {
	case len(by) == 0:
		last := slices.MaxFunc(p.Ways, func(a, b canary.Way) int { return cmp.Compare(a.Last.UnixNano(), b.Last.UnixNano()) })
		return fmt.Sprintf("is not heard: the last test message came %v ago, by %s", s.Now.Sub(last.Last).Round(time.Second), last.Name)
	case len(not) > 0:
		return fmt.Sprintf("is no longer heard by %s, only by %s", strings.Join(not, ", "), strings.Join(by, ", "))
	}
	return ""
}
