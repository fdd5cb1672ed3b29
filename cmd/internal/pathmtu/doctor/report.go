package doctor

import (
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
)

// Finding is one thing that is wrong.
type Finding struct {
	Level     hostcheck.Level `json:"level"`
	Namespace string          `json:"netns,omitempty"` // empty: that of this process
	Subject   string          `json:"subject"`         // "sysctl net.ipv4.ip_no_pmtu_disc"
	State     string          `json:"state"`           // "is 1"
	Why       string          `json:"why"`
	Do        string          `json:"do"` // the command that mends it, or what else does
}

// Report is what was found.
type Report struct {
	Findings []Finding `json:"findings"`
	Unseen   []string  `json:"not_looked_at,omitempty"` // with the reason
}

func (r *Report) add(f Finding) {
	if !slices.ContainsFunc(r.Findings, func(g Finding) bool { return g.Subject == f.Subject && g.Namespace == f.Namespace }) {
		r.Findings = append(r.Findings, f)
	}
}

func (r *Report) unseen(text string) {
	if !slices.Contains(r.Unseen, text) {
		r.Unseen = append(r.Unseen, text)
	}
}

// Bad reports whether there is a problem, not only something that may be meant so.
func (r *Report) Bad() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == hostcheck.Problem })
}

// addHost adds what hostcheck has found about a configuration. Other senders are counted by
// doctor itself: one is the daemon that the configuration is for.
func (r *Report) addHost(findings []hostcheck.Finding) {
	for _, f := range findings {
		if f.Level == hostcheck.OK || strings.HasPrefix(f.Subject, "other senders on ") {
			continue
		}
		why := "messages may not get where the configuration is meant to send them"
		if f.Level == hostcheck.Problem {
			why = "the daemon can't work like this"
		}
		if len(f.Stages) > 0 {
			why += " (" + strings.Join(f.Stages, ", ") + ")"
		}
		r.add(Finding{Level: f.Level, Subject: f.Subject, State: f.State, Why: why, Do: f.Advice})
	}
}
