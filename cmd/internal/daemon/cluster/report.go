package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/control"
	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/doctor"
)

// Report is who hears whom.
type Report struct {
	Servers  []Server         `json:"servers"` // in the order of the addresses
	Pairs    []Pair           `json:"pairs"`   // of the servers that answered, each with each other
	Findings []doctor.Finding `json:"findings"`
}

// Server is a server that was asked.
type Server struct {
	Address string `json:"address"`
	Name    string `json:"name,omitempty"`  // empty if it sends no test messages, or did not answer
	Error   string `json:"error,omitempty"` // why there is no answer
}

// Pair is whether one server hears another one.
type Pair struct {
	Hearer string              `json:"hearer"`
	Sender string              `json:"sender"`
	Heard  bool                `json:"heard"` // by any way
	Last   *time.Time          `json:"last,omitempty"`
	Ago    float64             `json:"seconds_ago,omitempty"` // by the hearer's clock
	Ways   []control.CanaryWay `json:"ways"`
}

// whole reports whether the hearer hears the sender by every way that is known.
func (p Pair) whole() bool {
	return p.Heard && !slices.ContainsFunc(p.Ways, func(w control.CanaryWay) bool { return !w.Heard })
}

// Ask asks the daemons at these addresses: paths of control sockets, or URLs of pages.
func Ask(ctx context.Context, addresses []string) *Report {
	r := &Report{Servers: []Server{}, Pairs: []Pair{}, Findings: []doctor.Finding{}}
	answers := ask(ctx, addresses)
	for _, a := range answers {
		r.addServer(a)
	}
	senders := r.senders(answers)
	for _, a := range answers {
		if a.err == nil && a.status.Canary != nil {
			r.addHearer(a.status, senders)
		}
	}
	return r
}

// Bad reports whether something is wrong.
func (r *Report) Bad() bool { return len(r.Findings) > 0 }

func (r *Report) find(subject, state, why, do string) {
	r.Findings = append(r.Findings, doctor.Finding{Level: hostcheck.Problem, Subject: subject, State: state, Why: why, Do: do})
}

func (r *Report) addServer(a answer) {
	s := Server{Address: a.address}
	switch {
	case a.err != nil:
		s.Error = a.err.Error()
		r.find("server at "+a.address, "did not answer: "+s.Error, "whom it hears is unknown", "check that its daemon is running and that this host may ask it")
	case a.status.Canary == nil:
		r.find("server at "+a.address, "sends no test messages", "it can neither be heard nor say whom it hears", "set canary: {interval: 60s} in its configuration, and reload it")
	default:
		s.Name = a.status.Canary.Name
		if i := slices.IndexFunc(r.Servers, func(o Server) bool { return o.Name == s.Name }); i >= 0 {
			r.find("servers at "+r.Servers[i].Address+" and "+a.address, "are both called "+s.Name,
				"they can't be told apart, and don't hear each other", "give each its own canary.name, or list each server only once")
		}
	}
	r.Servers = append(r.Servers, s)
}

// senders returns the names of the servers that answered, in their order, and then of others that they heard.
func (r *Report) senders(answers []answer) (names []string) {
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, s := range r.Servers {
		add(s.Name)
	}
	asked := len(names)
	for _, a := range answers {
		if a.status.Canary != nil {
			for _, p := range a.status.Canary.Peers {
				add(p.Name)
			}
		}
	}
	slices.Sort(names[asked:])
	return names
}

func (r *Report) addHearer(s control.Status, senders []string) {
	for _, sender := range senders {
		if sender == s.Canary.Name {
			continue
		}
		pair := Pair{Hearer: s.Canary.Name, Sender: sender, Ways: []control.CanaryWay{}}
		i := slices.IndexFunc(s.Canary.Peers, func(p control.CanaryPeer) bool { return p.Name == sender })
		if i >= 0 {
			p := s.Canary.Peers[i]
			pair.Heard, pair.Last, pair.Ways = p.Heard, &p.Last, p.Ways
			pair.Ago = s.Now.Sub(p.Last).Seconds()
		}
		r.Pairs = append(r.Pairs, pair)
		r.judge(pair)
	}
}

// judge finds what is wrong with a pair.
func (r *Report) judge(p Pair) {
	const do = "look for a switch that filters broadcasts, a firewall between them, or a list of peers that lacks one of them"
	switch {
	case p.whole():
	case p.Last == nil && !slices.ContainsFunc(r.Servers, func(s Server) bool { return s.Name == p.Sender }):
		// It is a server of another cluster, perhaps: only some hear it.
	case p.Last == nil:
		r.find("server "+p.Hearer, "has never heard "+p.Sender, lost(p), do)
	case !p.Heard:
		r.find("server "+p.Hearer, fmt.Sprintf("does not hear %s: the last test message came %v ago", p.Sender, seconds(p.Ago)), lost(p), do)
	default:
		var by []string
		for _, w := range p.Ways {
			if !w.Heard {
				by = append(by, w.Way)
			}
		}
		r.find("server "+p.Hearer, "no longer hears "+p.Sender+" by "+strings.Join(by, ", "), "messages arrive only by the other ways", do)
	}
}

func lost(p Pair) string {
	return "messages about connections of " + p.Hearer + " that arrive at " + p.Sender + " do not reach it"
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Second)
}
