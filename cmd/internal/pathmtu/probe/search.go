package probe

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
)

// usual are MTUs that paths have.
var usual = []int{
	508, 576, 1006, 1200, minimum6, 1340, 1360, 1380, 1400, 1420, 1440, 1450, 1460, 1472, 1480, 1492, 1500,
	4470, 8901, 9000,
}

// findHole names the place where packets of a size vanish, and searches the largest that do not.
func (p *prober) findHole(ctx context.Context, end shot, size int) error {
	hole := &Hole{Vanishes: size}
	for _, n := range p.path.Narrowings {
		hole.reach(n.Hop, n.Router)
	}
	replies, err := p.everyHop(ctx, size, hole.AfterHop+1)
	if err != nil {
		return err
	}
	for _, h := range p.path.Hops {
		if replies[h.Number].got() && !h.Host {
			hole.reach(h.Number, h.Router)
		}
	}
	for _, h := range p.path.Hops {
		if h.Number > hole.AfterHop && h.Router.IsValid() {
			hole.BeforeHop = h.Number
			break
		}
	}
	s := search{prober: p, end: end, good: tinySize, bad: size}
	if err := s.run(ctx); err != nil {
		return err
	}
	hole.Passes, hole.Vanishes = s.good, s.bad
	p.path.Hole, p.path.MTU = hole, s.good
	return nil
}

// reach notes that packets got to a hop.
func (h *Hole) reach(number int, router netip.Addr) {
	if number > h.AfterHop {
		h.AfterHop, h.AfterRouter = number, router
	}
}

// search finds the largest size that is answered: good was, bad was not.
//
// Who answers mostly does so once a second. So sizes are sent at once, the largest first: what
// vanishes costs no answer, so the first that arrives has it, and those before it had a chance.
type search struct {
	*prober
	end       shot // but for its size
	good, bad int
}

// most is how many sizes are sent at once.
const most = 24

func (s *search) run(ctx context.Context) error {
	bad := s.bad
	for range tries {
		if err := s.narrow(ctx); err != nil {
			return err
		}
		// Was bad only lost? Then everything above good is open again.
		if err := s.try(ctx, []int{s.bad}); err != nil {
			return err
		}
		if s.good < s.bad {
			return nil
		}
		s.bad = bad
	}
	return nil
}

// narrow narrows the search to one byte.
func (s *search) narrow(ctx context.Context) error {
	if sizes := s.usual(); len(sizes) > 0 {
		if err := s.try(ctx, sizes); err != nil {
			return err
		}
	}
	for s.bad-s.good > 1 {
		if err := s.try(ctx, s.between()); err != nil {
			return err
		}
	}
	return nil
}

// usual returns the usual sizes that may be it, descending.
func (s *search) usual() (sizes []int) {
	for _, size := range slices.Backward(usual) {
		if s.good < size && size < s.bad {
			sizes = append(sizes, size)
		}
	}
	return sizes
}

// between returns sizes between good and bad in equal steps, descending. The last is next to
// good, which is mostly it.
func (s *search) between() (sizes []int) {
	step := max(1, (s.bad-s.good)/most)
	for size := s.bad - step; size > s.good+1; size -= step {
		sizes = append(sizes, size)
	}
	return append(sizes, s.good+1)
}

// try sends sizes, the largest first, and moves good and bad to what arrives.
func (s *search) try(ctx context.Context, sizes []int) error {
	s.Progress(fmt.Sprintf("black hole: %d bytes arrive, %d vanish", s.good, s.bad))
	shots := make([]shot, 0, len(sizes)+1)
	for _, size := range append(sizes, s.good) {
		shots = append(shots, shot{size: size, ttl: s.end.ttl, echo: s.end.echo})
	}
	for range 2 * tries {
		replies, err := s.volley(ctx, s.wait(), shots...)
		if err != nil {
			return err
		}
		for i, r := range replies {
			if !r.got() {
				continue
			}
			s.good = shots[i].size
			if i > 0 {
				s.bad = shots[i-1].size
			}
			return nil
		}
		if err := pause(ctx, refill); err != nil { // an answer comes once a second
			return err
		}
	}
	s.remark("%s does not answer every time: the path MTU may be larger", s.goal(s.end.ttl))
	s.bad = s.good + 1
	return nil
}
