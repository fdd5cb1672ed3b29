package probe

import (
	"context"
	"fmt"
)

// measure finds the path MTU, where it falls, and where larger packets vanish.
func (p *prober) measure(ctx context.Context) error {
	if p.path.Refusal != nil {
		return nil
	}
	size, confirmed, err := p.descend(ctx)
	if err != nil {
		return err
	}
	end, ok := p.end()
	if !ok {
		return nil // nobody answers
	}
	if !p.alive {
		// Only routers have answered so far, of what they do not forward.
		r, err := p.ask(ctx, shot{size: size, ttl: end.ttl}, tries)
		if err != nil {
			return err
		}
		confirmed = r.got()
	}
	p.path.MTU = size
	from := p.path.InterfaceMTU
	if err := p.locateNarrowings(ctx); err != nil {
		return err
	}
	if !confirmed {
		if err := p.findHole(ctx, end, size); err != nil {
			return err
		}
	}
	p.markHops(from)
	return nil
}

// end returns the TTL of probes to the end of what answers.
func (p *prober) end() (shot, bool) {
	switch n := len(p.path.Hops); {
	case p.alive:
		return p.tiny(ttl), true
	case n > 0:
		return p.tiny(p.path.Hops[n-1].Number), true
	}
	return shot{}, false
}

// descend sends the largest packet to the host, and smaller ones as routers ask for them. It
// returns the last size, and whether the host answered to it.
func (p *prober) descend(ctx context.Context) (size int, confirmed bool, err error) {
	size = p.path.InterfaceMTU
	for {
		p.Progress(fmt.Sprintf("%d bytes to the host", size))
		r, err := p.askHost(ctx, size)
		if err != nil || r.kind != tooBig {
			return size, r.kind == arrived, err
		}
		next := nextSize(r.mtu, size, p.Address.Is6())
		if next == 0 {
			p.remark("%v reports that %d bytes are too big for an MTU of %d", r.from, size, r.mtu)
			return size, false, nil
		}
		if next != r.mtu {
			p.remark("%v reports MTU %d; %d was tried instead", r.from, r.mtu, next)
		}
		p.path.Narrowings = append(p.path.Narrowings, Narrowing{Router: r.from, MTU: next})
		size = next
	}
}

func (p *prober) askHost(ctx context.Context, size int) (reply, error) {
	s := shot{size: size, ttl: ttl, echo: p.echo}
	if p.alive {
		return p.ask(ctx, s, tries)
	}
	for range tries - 1 {
		replies, err := p.volley(ctx, p.wait(), s)
		if err != nil {
			return reply{}, err
		}
		if replies[0].kind != nothing {
			return replies[0], nil
		}
	}
	return reply{}, nil
}

// plateaus are the usual MTUs of RFC 1191, 7.1, for routers that do not say theirs.
var plateaus = []int{32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, minimum4}

// nextSize returns the size to try after a router has said an MTU, or 0 if that makes no sense.
func nextSize(mtu, size int, is6 bool) int {
	minimum := minimum4
	if is6 {
		minimum = minimum6
	}
	if mtu == 0 && !is6 {
		for _, plateau := range plateaus {
			if plateau < size {
				return plateau
			}
		}
	}
	if mtu = max(mtu, minimum); mtu < size {
		return mtu
	}
	return 0
}

// locateNarrowings finds the hops of the routers that have said an MTU: a packet that is too
// big is reported only where its TTL gets it beyond the router, which looks at the TTL first.
func (p *prober) locateNarrowings(ctx context.Context) error {
	size, after := p.path.InterfaceMTU, 0
	for i := range p.path.Narrowings {
		n := &p.path.Narrowings[i]
		replies, err := p.everyHop(ctx, size, after+1)
		if err != nil {
			return err
		}
		for _, at := range p.hopsAfter(after) {
			if replies[at].kind == tooBig {
				n.Hop = at - 1
				break
			}
		}
		if n.Hop == 0 { // none further than its router has been seen
			n.Hop = p.hopOf(*n)
		}
		size, after = n.MTU, max(after, n.Hop)
	}
	return nil
}

// hopOf returns the hop of a router by its address, or 0.
func (p *prober) hopOf(n Narrowing) int {
	for _, h := range p.path.Hops {
		if h.Router == n.Router {
			return h.Number
		}
	}
	return 0
}

// hopsAfter returns the numbers of the hops after one, the host's too.
func (p *prober) hopsAfter(after int) (numbers []int) {
	for _, h := range p.path.Hops {
		if h.Number > after {
			numbers = append(numbers, h.Number)
		}
	}
	return numbers
}

// everyHop sends packets of a size to all hops from one on. Those that have answered a tiny
// probe are asked again.
func (p *prober) everyHop(ctx context.Context, size, first int) (map[int]reply, error) {
	p.Progress(fmt.Sprintf("%d bytes to each hop", size))
	replies := map[int]reply{}
	for range tries {
		var shots []shot
		for _, h := range p.path.Hops {
			if h.Number >= first && replies[h.Number].kind == nothing && h.Router.IsValid() {
				shots = append(shots, shot{size: size, ttl: h.Number, echo: p.echo})
			}
		}
		if len(shots) == 0 {
			break
		}
		fresh, err := p.volley(ctx, p.wait(), shots...)
		if err != nil {
			return nil, err
		}
		for i, r := range fresh {
			replies[shots[i].ttl] = r
		}
	}
	return replies, nil
}

// markHops notes the largest packet that gets to each hop.
func (p *prober) markHops(size int) {
	for i := range p.path.Hops {
		h := &p.path.Hops[i]
		for _, n := range p.path.Narrowings {
			if n.Hop > 0 && h.Number > n.Hop || h.Host {
				size = min(size, n.MTU)
			}
		}
		if hole := p.path.Hole; hole != nil && h.Number > hole.AfterHop {
			size = min(size, hole.Passes)
		}
		h.MTU = size
	}
}
