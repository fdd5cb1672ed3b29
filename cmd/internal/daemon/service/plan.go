package service

import (
	"context"
	"errors"
	"reflect"
	"slices"
)

// plan is what has to be done for another configuration to run.
type plan struct {
	next  []*worker // all that will run, in the order of the configuration
	fresh []*worker // those of them that are to be opened
	old   []*worker // those that will not run any more

	// blocking are old ones that must end before blocked ones, of fresh, can open.
	blocking, blocked []*worker
}

// plan builds the pipelines that do not run yet as they are declared. It returns all
// mistakes.
func (s *Service) plan(ctx context.Context, c Configuration) (*plan, error) {
	p := &plan{old: s.current()}
	var errs []error
	for _, wanted := range c.Pipelines {
		at := slices.IndexFunc(p.old, func(w *worker) bool { return w.unchanged(wanted) })
		if at >= 0 {
			p.next = append(p.next, p.old[at])
			p.old = slices.Delete(p.old, at, at+1)
			continue
		}
		w, err := newWorker(ctx, wanted, s.Log)
		if err != nil {
			errs = append(errs, each(err)...)
			continue
		}
		p.next = append(p.next, w)
		p.fresh = append(p.fresh, w)
	}
	if len(errs) > 0 {
		s.close(p.fresh)
		return nil, errors.Join(errs...)
	}
	p.block()
	return p, nil
}

// unchanged reports whether the pipeline is what is wanted and has not failed.
func (w *worker) unchanged(wanted Wanted) bool {
	return w.Name == wanted.Name && reflect.DeepEqual(w.Identity, wanted.Identity) &&
		(!w.hasEnded() || w.failure() == nil)
}

// block finds what is in the way of each other.
func (p *plan) block() {
	for _, w := range p.fresh {
		blocked := false
		for _, old := range p.old {
			if !old.holds(w) {
				continue
			}
			blocked = true
			if !slices.Contains(p.blocking, old) {
				p.blocking = append(p.blocking, old)
			}
		}
		if blocked {
			p.blocked = append(p.blocked, w)
		}
	}
}

// free returns the pipelines that can be opened at once.
func (p *plan) free() (free []*worker) {
	for _, w := range p.fresh {
		if !slices.Contains(p.blocked, w) {
			free = append(free, w)
		}
	}
	return free
}

// names returns the names of pipelines.
func names(workers []*worker) []string {
	var names []string
	for _, w := range workers {
		names = append(names, w.Name)
	}
	return names
}
