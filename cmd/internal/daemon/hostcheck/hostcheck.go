// Package hostcheck finds what only the host can show about a configuration: whether
// it has what the stages of the pipelines need ([pipeline.Needs]), and whether its
// kernel would use the messages that arrive. It reads and asks; it changes nothing
// and sends nothing but questions to the resolver.
package hostcheck

import (
	"context"
	"net"
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
	"github.com/pmtud/pmtud/pipeline"
)

// Level is how bad a finding is.
type Level uint8

// Levels.
const (
	OK      Level = iota
	Warning       // it may be meant so
	Problem       // it will not work
)

// String returns "ok", "warning" or "problem".
func (l Level) String() string { return [...]string{"ok", "warning", "problem"}[min(l, Problem)] }

// MarshalText returns what String does.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Finding is what was found about one thing that stages need.
type Finding struct {
	Level   Level    `json:"level"`
	Subject string   `json:"subject"`          // "interface eth0"
	State   string   `json:"state"`            // "is down"
	Advice  string   `json:"advice,omitempty"` // what to do about it
	Stages  []string `json:"stages,omitempty"` // who needs it, as "pipeline/stage"
}

// Daemon is what would run the pipelines.
type Daemon struct {
	User          *sandbox.User // whom it becomes once everything is open; nil: nobody else
	Configuration []string      // files that it reads again at each reload
	Opens         []string      // others that it reads again and again
}

// Check looks at the host for what the pipelines of a daemon need. Findings are in the
// order of the configuration, each thing once.
func Check(ctx context.Context, pipelines []*pipeline.Pipeline, daemon Daemon) []Finding {
	c := checker{ctx: ctx, daemon: daemon}
	c.user()
	for _, p := range pipelines {
		for id, stage := range p.Stages() {
			c.stage = p.Name() + "/" + id.Name
			if n, ok := stage.(pipeline.HostUser); ok {
				c.needs(n.Needs())
			}
		}
		for id, stage := range p.Stages() {
			c.stage = p.Name() + "/" + id.Name
			if h, ok := stage.(pipeline.HostChecker); ok {
				for _, found := range h.CheckHost() {
					c.once(found.Subject, func() []Finding { return one(findingOf(found)) })
				}
			}
		}
	}
	c.stage = ""
	for _, path := range daemon.Opens {
		c.file(pipeline.File{Path: path})
	}
	c.services(slices.ContainsFunc(pipelines, func(p *pipeline.Pipeline) bool { return p.Reaches(pipeline.ReachHost) }))
	return c.findings
}

// findingOf returns what a stage itself has found.
func findingOf(f pipeline.HostFinding) Finding {
	level := OK
	switch {
	case f.Stops:
		level = Problem
	case f.Advice != "":
		level = Warning
	}
	return Finding{Level: level, State: f.State, Advice: f.Advice}
}

type checker struct {
	ctx      context.Context //nolint:containedctx // it lives as long as Check runs
	daemon   Daemon
	stage    string // whose needs are looked at; empty: the daemon's own
	findings []Finding
}

func (c *checker) needs(n pipeline.Needs) {
	for _, i := range n.Interfaces {
		c.iface(i)
	}
	for _, name := range n.Capabilities {
		c.once("capability "+name, func() []Finding { return one(capability(name)) })
	}
	for _, group := range n.NFLOGGroups {
		c.nflogGroup(group)
	}
	for _, f := range n.Files {
		c.file(f)
	}
	c.senders(n)
	for _, host := range n.Hosts {
		c.once("peer "+host, func() []Finding { return c.peer(host) })
	}
	for _, destination := range slices.Concat(n.TCP, n.UDP) {
		if host, _, err := net.SplitHostPort(destination); err == nil {
			c.once("destination "+destination, func() []Finding { return c.peer(host) })
		}
	}
	if len(n.Interfaces)+len(n.NFLOGGroups)+len(n.Hosts) > 0 {
		c.kernel()
	}
}

func one(f Finding) []Finding { return []Finding{f} }

// once checks a subject, or records that one more stage needs it.
func (c *checker) once(subject string, check func() []Finding) {
	known := false
	for i := range c.findings {
		f := &c.findings[i]
		if f.Subject != subject {
			continue
		}
		known = true
		if c.stage != "" && !slices.Contains(f.Stages, c.stage) {
			f.Stages = append(f.Stages, c.stage)
		}
	}
	if known {
		return
	}
	for _, f := range check() {
		if f.Subject == "" {
			f.Subject = subject
		}
		if c.stage != "" {
			f.Stages = []string{c.stage}
		}
		c.findings = append(c.findings, f)
	}
}
