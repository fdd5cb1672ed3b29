package probe

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// prober probes one path.
type prober struct {
	Options
	path  *Path
	fired int           // shots so far
	rtt   time.Duration // the longest seen
	alive bool          // the host answers
	echo  bool          // it is asked by ICMP echo
	back  int           // hops from the host, about; 0 is unknown
}

// run fills in the path. Its steps need what those before found.
func (p *prober) run(ctx context.Context) error {
	if err := p.look(); err != nil {
		return err
	}
	tcp := p.startTCP(ctx)
	defer tcp.stop()
	for _, step := range []func(context.Context) error{p.greet, p.sweep, p.measure} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	p.judge()
	p.Progress("waiting for TCP")
	p.path.TCP = tcp.result(ctx)
	p.learn()
	return ctx.Err()
}

func (p *prober) judge() {
	switch {
	case p.path.Refusal != nil:
		p.path.Verdict = Unreachable
	case p.path.Hole != nil:
		p.path.Verdict = BlackHole
	case !p.alive:
		p.path.Verdict = Silent
	default:
		p.path.Verdict = OK
	}
}

// wait returns how long to wait for answers.
func (p *prober) wait() time.Duration {
	if p.rtt == 0 {
		return longest
	}
	return min(max(3*p.rtt+150*time.Millisecond, shortest), longest)
}

// note records what every reply has.
func (p *prober) note(r reply) {
	if r.got() {
		p.rtt = max(p.rtt, r.after)
	}
	if r.kind == refused && p.path.Refusal == nil {
		p.path.Refusal = &Refusal{From: r.from, Reason: r.reason}
	}
}

// tiny is a probe that gets through everywhere.
func (p *prober) tiny(ttl int) shot { return shot{size: tinySize, ttl: ttl, echo: p.echo} }

// greet finds out whether the host answers, and to what.
func (p *prober) greet(ctx context.Context) error {
	p.Progress("asking the host")
	shots := []shot{p.tiny(ttl)}
	if p.mayEcho() {
		shots = append(shots, shot{size: tinySize, ttl: ttl, echo: true})
	}
	for range tries {
		replies, err := p.volley(ctx, longest, shots...)
		if err != nil {
			return err
		}
		for i, r := range slices.Backward(replies) { // echo first: hosts do not limit its answers
			p.note(r)
			if r.kind == exceeded {
				p.path.Refusal = &Refusal{From: r.from, Reason: "TTL exceeded: there is a routing loop"}
			}
			if r.kind == arrived && !p.alive {
				p.alive, p.echo, p.back = true, shots[i].echo, r.back()
			}
		}
		if p.alive {
			// A refusal of UDP alone is none.
			p.path.Refusal = nil
		}
		if p.alive || p.path.Refusal != nil {
			return nil
		}
	}
	return nil
}

// ask sends one probe until it is answered or has failed a number of times, in each of which a
// tiny one to the same hop was answered.
func (p *prober) ask(ctx context.Context, s shot, tries int) (reply, error) {
	limited := 0
	for failed := 0; failed < tries; {
		shots := []shot{s}
		if failed+limited > 0 {
			shots = append(shots, p.tiny(s.ttl))
		}
		replies, err := p.volley(ctx, p.wait(), shots...)
		if err != nil {
			return reply{}, err
		}
		p.note(replies[0])
		switch {
		case replies[0].kind != nothing:
			return replies[0], nil
		case len(shots) == 1 || replies[1].kind != nothing:
			failed++
			continue
		case limited == tries:
			p.remark("%s does not answer every time: results may be wrong", p.goal(s.ttl))
			return reply{}, nil
		}
		limited++
		if err := pause(ctx, refill); err != nil {
			return reply{}, err
		}
	}
	return reply{}, nil
}

func (p *prober) goal(at int) string {
	if at == ttl {
		return "the host"
	}
	return fmt.Sprintf("hop %d", at)
}

// remark adds a note, once.
func (p *prober) remark(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(p.path.Notes, text) {
		p.path.Notes = append(p.path.Notes, text)
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
