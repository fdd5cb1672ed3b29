package probe

import (
	"context"
	"fmt"
)

// sweep names the hops by tiny probes with a limited TTL, some at once.
func (p *prober) sweep(ctx context.Context) error {
	for first := 1; first < ttl; {
		last := min(first+p.stride(first), ttl) - 1
		p.Progress(fmt.Sprintf("hops %d to %d", first, last))
		found, err := p.sweepWindow(ctx, first, last)
		if err != nil || found == 0 && !p.alive || p.ended() {
			p.trim()
			return err
		}
		first = last + 1
	}
	p.trim()
	return nil
}

// stride returns how many hops to ask at once: not beyond the host, whose answers are limited.
func (p *prober) stride(first int) int {
	if left := p.back - first + 1; left > 0 {
		return min(window, left)
	}
	if p.alive {
		return window / 4
	}
	return window
}

// sweepWindow adds hops, and returns how many have answered.
func (p *prober) sweepWindow(ctx context.Context, first, last int) (found int, err error) {
	replies := make([]reply, last-first+1)
	for range tries {
		var shots []shot
		for i, r := range replies {
			if r.kind == nothing {
				shots = append(shots, p.tiny(first+i))
			}
		}
		if len(shots) == 0 {
			break
		}
		fresh, err := p.volley(ctx, p.wait(), shots...)
		if err != nil {
			return 0, err
		}
		reached := false
		for i, r := range fresh {
			p.note(r)
			if r.from == p.path.From && r.kind != arrived {
				continue // this host about the way; as the goal it may answer
			}
			replies[shots[i].ttl-first] = r
			reached = reached || r.kind == arrived
		}
		if reached && complete(replies) {
			break
		}
	}
	for i, r := range replies {
		p.path.Hops = append(p.path.Hops, Hop{
			Number: first + i, Router: r.from, Time: Milliseconds(r.after), Host: r.kind == arrived,
		})
		if r.kind != nothing {
			found++
		}
		if p.ended() {
			break
		}
	}
	return found, nil
}

// complete reports whether all hops up to the host have answered.
func complete(replies []reply) bool {
	for _, r := range replies {
		switch r.kind {
		case arrived:
			return true
		case nothing:
			return false
		}
	}
	return true
}

// ended reports whether the last hop is the end of the path.
func (p *prober) ended() bool {
	if len(p.path.Hops) == 0 {
		return false
	}
	last := p.path.Hops[len(p.path.Hops)-1]
	return last.Host || p.path.Refusal != nil && last.Router == p.path.Refusal.From
}

// trim takes hops without an answer from the end.
func (p *prober) trim() {
	for n := len(p.path.Hops); n > 0 && !p.path.Hops[n-1].Router.IsValid(); n-- {
		p.path.Hops = p.path.Hops[:n-1]
	}
}
