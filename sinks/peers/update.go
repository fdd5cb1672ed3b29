package peers

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Bounds of looking up names.
const (
	openTimeout   = 3 * time.Second // for the first round, which Open waits for
	lookUpTimeout = 10 * time.Second
	lookUpsAtOnce = 64
)

// firstUpdate is the update at Open. Names that are not answered within
// openTimeout count as failed.
func (s *Sink) firstUpdate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	return s.update(ctx)
}

// startUpdates keeps the plan up to date in a goroutine, until stop is called,
// which waits for it.
func (s *Sink) startUpdates() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var updates sync.WaitGroup
	updates.Go(func() { s.keepUpdating(ctx) })
	return func() {
		cancel()
		updates.Wait()
	}
}

func (s *Sink) keepUpdating(ctx context.Context) {
	timer := time.NewTimer(s.untilNext(time.Now()))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if err := s.update(ctx); err != nil {
			s.log.Warn("peers not updated", "error", err)
		}
		timer.Reset(s.untilNext(time.Now()))
	}
}

// untilNext returns the time until something is due: a name, or the own addresses
// at the latest. It is never short enough to keep a CPU busy.
func (s *Sink) untilNext(now time.Time) time.Duration {
	next := s.refresh
	for _, p := range s.peers {
		if p.Name != "" {
			next = min(next, p.due.Sub(now))
		}
	}
	return max(next, firstBackoff)
}

// update looks up the own addresses and the names that are due, and puts a new
// plan into use if anything changed.
func (s *Sink) update(ctx context.Context) error {
	own, err := ownAddresses()
	if err != nil {
		return err
	}
	s.lookUpDue(ctx)
	defer s.noteLookUps()
	now := inputs{own: own}
	for _, p := range s.peers {
		for _, addr := range slices.Concat(p.addrs[0], p.addrs[1]) {
			now.targets = append(now.targets, target{p, addr})
		}
	}
	if s.built.own != nil && now.equal(s.built) {
		return nil
	}
	plan, skipped := now.plan()
	s.plan.Store(plan)
	s.built = now
	s.logSkipped(skipped)
	return nil
}

// logSkipped tells which addresses are left out, when that changed.
func (s *Sink) logSkipped(skipped []string) {
	if !slices.Equal(skipped, s.skipped) {
		s.log.Info("peers skipped", "skipped", skipped)
	}
	s.skipped = skipped
}

// lookUpDue looks up the names that are due, at most lookUpsAtOnce at a time.
func (s *Sink) lookUpDue(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookUpTimeout)
	defer cancel()
	started := time.Now()
	slots := make(chan struct{}, lookUpsAtOnce)
	var lookUps sync.WaitGroup
	for _, p := range s.peers {
		if p.Name == "" || p.due.After(started) {
			continue
		}
		slots <- struct{}{}
		lookUps.Go(func() {
			s.lookUp(ctx, p)
			<-slots
		})
	}
	lookUps.Wait()
}

func (s *Sink) lookUp(ctx context.Context, p *peer) {
	before := p.addrs
	err := p.lookUp(ctx)
	if ctx.Err() == context.Canceled {
		return // the sink is being closed
	}
	p.setBroken(err)
	turned := p.schedule(time.Now(), err, s.refresh)
	changed := !slices.Equal(before[0], p.addrs[0]) || !slices.Equal(before[1], p.addrs[1])
	switch {
	case turned && err != nil:
		s.log.Warn("name can't be looked up", "peer", p.Name, "error", err, "kept", slices.Concat(p.addrs[0], p.addrs[1]))
	case turned || changed:
		s.log.Info("name looked up", "peer", p.Name, "addresses", slices.Concat(p.addrs[0], p.addrs[1]))
	}
}
