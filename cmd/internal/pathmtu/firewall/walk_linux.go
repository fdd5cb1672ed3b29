package firewall

import (
	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// verdict is how a chain ends.
type verdict uint8

const (
	verdictNone verdict = iota // the next chain or rule goes on
	verdictAccept
	verdictDrop
)

// truth is what a condition comes to.
type truth uint8

const (
	yes truth = iota
	no
	maybe
)

// deepest bounds how deep chains call chains; the kernel's bound is 16 too.
const deepest = 16

// walk follows a message through a base chain.
type walk struct {
	rules    *Rules
	message  Message
	drop     Drop // where it was dropped
	mayPass  bool // a rule may have accepted it
	accepted bool
}

// chain returns what a chain does. It is certain: what may happen is only noted.
func (w *walk) chain(c *nftables.Chain, depth int) verdict {
	if depth > deepest {
		return verdictNone
	}
	for _, rule := range w.rules.rules[keyOf(c)] {
		e := evaluation{walk: w, table: c.Table}
		v, jump, holds := e.rule(rule)
		if v == nil {
			continue
		}
		switch v.Kind {
		case expr.VerdictAccept, expr.VerdictStop:
			if holds == yes {
				w.accepted = true
				return verdictAccept
			}
			w.mayPass = true
		case expr.VerdictDrop:
			if holds == yes && !w.mayPass {
				w.drop = dropOf(c, rule.Handle)
				return verdictDrop
			}
		case expr.VerdictReturn:
			if holds == yes {
				return verdictNone
			}
			w.mayPass = true // what follows may not be reached
		case expr.VerdictQueue, expr.VerdictStolen:
			w.mayPass = true // a program decides
		case expr.VerdictJump, expr.VerdictGoto:
			if result := w.jump(c, jump, holds, depth); result != verdictNone {
				return result
			}
			if v.Kind == expr.VerdictGoto && holds == yes {
				return verdictNone
			}
		}
	}
	return verdictNone
}

// jump follows a rule into another chain. What a chain does that may not be reached, may not
// happen.
func (w *walk) jump(from *nftables.Chain, to string, holds truth, depth int) verdict {
	target := w.rules.chains[chainKey{from.Table.Family, from.Table.Name, to}]
	if target == nil {
		return verdictNone
	}
	if holds == yes {
		return w.chain(target, depth+1)
	}
	try := walk{rules: w.rules, message: w.message}
	if try.chain(target, depth+1) == verdictAccept || try.mayPass {
		w.mayPass = true
	}
	return verdictNone
}
