package pipeline

import "fmt"

// chain is a list of filters with their counters. It is used by one goroutine at
// a time.
type chain struct {
	filters  []Filter
	stages   []filterStage
	limiters []int // indices of filters to charge
	at       int   // index of the filter being asked, to blame it for a panic
}

type filterStage struct {
	name    string
	limiter Limiter // nil if it is none
	reasons []string
	dropped []uint64 // by reason: the plugin's from 1 on, the engine's behind
}

func (c *chain) add(s Stage, f Filter) {
	stage := filterStage{name: s.name(), reasons: stageReasons(s.Plugin.Reasons)}
	stage.dropped = make([]uint64, len(stage.reasons))
	if l, ok := f.(Limiter); ok {
		stage.limiter = l
		c.limiters = append(c.limiters, len(c.filters))
	}
	c.filters = append(c.filters, f)
	c.stages = append(c.stages, stage)
}

// stageReasons returns reason names indexed by Reason, with the engine's own two
// at the end.
func stageReasons(declared []ReasonInfo) []string {
	reasons := make([]string, 0, len(declared)+3)
	reasons = append(reasons, "")
	for _, r := range declared {
		reasons = append(reasons, r.Name)
	}
	return append(reasons, reasonUndeclared, reasonPanic)
}

// known maps a reason that a plugin gave to an index of its reasons.
func known(r Reason, reasons []string) int {
	if int(r) < len(reasons)-2 {
		return int(r)
	}
	return len(reasons) - 2
}

// pass asks the filters in order. If all let p pass, it charges the limiters and
// returns true; otherwise it counts the drop and sets the verdict.
func (c *chain) pass(p *Packet, verdict *Verdict) bool {
	for i, f := range c.filters {
		c.at = i
		if r := f.Filter(p); r != Pass {
			s := &c.stages[i]
			s.drop(known(r, s.reasons), verdict)
			return false
		}
	}
	for _, i := range c.limiters {
		c.at = i
		c.stages[i].limiter.Charge(p)
	}
	return true
}

func (s *filterStage) drop(reason int, verdict *Verdict) {
	s.dropped[reason]++
	*verdict = Verdict{Stage: s.name, Reason: s.reasons[reason]}
}

// panicked counts the packet at which the current filter panicked, and returns
// the panic as an error.
func (c *chain) panicked(value any, verdict *Verdict) error {
	s := &c.stages[c.at]
	s.drop(len(s.reasons)-1, verdict)
	return fmt.Errorf("filter %s: %w", s.name, panicError(value))
}

// counts appends the drops of all stages.
func (c *chain) counts() []StageCount {
	var out []StageCount
	for _, s := range c.stages {
		out = append(out, StageCount{Stage: s.name, Reasons: reasonCounts(s.reasons, s.dropped)})
	}
	return out
}
