package inject

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// guardProtocol marks the sink's rules among all policy rules (FRA_PROTOCOL): "p".
const guardProtocol = 112

// guardPriority is that of the first rule: before the rules of data planes that would lead out.
const guardPriority = 10

// families are those that rules are made for, in the order of port.maxTTL.
var families = [...]int{unix.AF_INET, unix.AF_INET6}

// rule is a policy rule as far as the guard's differ.
type rule struct {
	priority, table, suppress int
	iif                       string
	mark                      uint32
}

// guardRules returns the rules for what arrives at a device, or what has a mark. The last one
// has no table: it is a black hole.
func guardRules(iif string, mark uint32) []rule {
	return []rule{
		{guardPriority, unix.RT_TABLE_LOCAL, -1, iif, mark},
		{guardPriority + 1, unix.RT_TABLE_MAIN, 0, iif, mark},
		{guardPriority + 2, unix.RT_TABLE_UNSPEC, -1, iif, mark},
	}
}

func (r rule) netlink(family int) *netlink.Rule {
	n := netlink.NewRule()
	n.Family, n.Priority, n.Table, n.SuppressPrefixlen = family, r.priority, r.table, r.suppress
	n.IifName, n.Mark, n.Protocol = r.iif, r.mark, guardProtocol
	if r.mark != 0 {
		all := ^uint32(0)
		n.Mask = &all
	}
	if r.table == unix.RT_TABLE_UNSPEC {
		n.Type = unix.RTN_BLACKHOLE
	}
	return n
}

// guard is the policy rules of a sink.
type guard struct {
	rt    *rtnetlink
	rules []rule // none: there is no guard
	iif   string // the device, whose rules are the sink's
	mark  uint32 // and those for it, unless it is 0
}

func newGuard(rt *rtnetlink, s Settings) *guard {
	g := &guard{rt: rt, iif: string(s.Device), mark: s.mark()}
	switch {
	case s.AsFrom == "":
		g.rules = guardRules(g.iif, 0)
	case g.mark != 0:
		g.rules = guardRules("", g.mark)
	}
	return g
}

// set makes the rules of a family as they should be and reports whether they were not. What is
// changed waits for permission.
func (g *guard) set(family int, mayChange func() error) (changed bool, err error) {
	there, err := g.list(family)
	if err != nil {
		return false, err
	}
	for _, r := range g.rules {
		if i := slices.Index(there, r); i >= 0 {
			there = slices.Delete(there, i, i+1)
			continue
		}
		if err := mayChange(); err != nil {
			return changed, err
		}
		if err := g.rt.RuleAdd(r.netlink(family)); err != nil && !errors.Is(err, unix.EEXIST) {
			return changed, fmt.Errorf("add policy rule %d: %w", r.priority, err)
		}
		changed = true
	}
	return changed, g.delete(family, there)
}

// list returns the sink's own rules of a family, and those for marks that nobody uses any more.
func (g *guard) list(family int) ([]rule, error) {
	all, err := g.rt.RuleList(family)
	if err != nil {
		return nil, fmt.Errorf("list policy rules: %w", err)
	}
	var own []rule
	for _, n := range all {
		r := rule{n.Priority, n.Table, n.SuppressPrefixlen, n.IifName, n.Mark}
		if n.Protocol == guardProtocol && (r.iif == g.iif || r.mark != 0 && (r.mark == g.mark || isStale(r.mark))) {
			own = append(own, r)
		}
	}
	return own, nil
}

func (g *guard) delete(family int, rules []rule) error {
	for _, r := range rules {
		if err := g.rt.RuleDel(r.netlink(family)); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("delete policy rule %d: %w", r.priority, err)
		}
	}
	return nil
}

// remove deletes all rules of the sink.
func (g *guard) remove() error {
	var errs []error
	for _, family := range families {
		there, err := g.list(family)
		if err != nil {
			continue // a family that the kernel does not have
		}
		errs = append(errs, g.delete(family, there))
	}
	return errors.Join(errs...)
}
