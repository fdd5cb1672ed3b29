package peerlist

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pmtud/pmtud/pipeline/hostnet"
)

// Bounds of looking up names.
const (
	openTimeout   = 3 * time.Second // for the first round, which Open waits for
	lookUpTimeout = 10 * time.Second
	lookUpsAtOnce = 64
)

// readOwn reads this host's addresses. The watcher calls it.
func (l *List) readOwn() error {
	prefixes, err := hostnet.Addresses("")
	if err != nil {
		return err
	}
	own := make([]netip.Addr, len(prefixes))
	for i, p := range prefixes {
		own[i] = p.Addr()
	}
	own = slices.Compact(own) // prefixes are sorted by address and then by length
	l.own.Store(&own)
	select {
	case l.changed <- struct{}{}:
	default:
	}
	return nil
}

// firstUpdate is the update at Open. Names that are not answered within
// openTimeout count as failed.
func (l *List) firstUpdate(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	<-l.changed // the watcher has called readOwn
	l.update(ctx)
}

// startUpdates keeps the plan up to date in a goroutine, until stop is called,
// which waits for it.
func (l *List) startUpdates() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var updates sync.WaitGroup
	updates.Go(func() { l.keepUpdating(ctx) })
	return func() {
		cancel()
		updates.Wait()
	}
}

func (l *List) keepUpdating(ctx context.Context) {
	timer := time.NewTimer(l.untilNext(time.Now()))
	defer timer.Stop()
	failing := time.NewTicker(failureInterval)
	defer failing.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-failing.C:
			l.logFailing()
			continue
		case <-timer.C:
		case <-l.changed:
		}
		l.update(ctx)
		timer.Reset(l.untilNext(time.Now()))
	}
}

// never is the time until a look-up that is not due: a list of addresses has none.
const never = 24 * time.Hour

// untilNext returns the time until a name is due. It is never short enough to keep a CPU
// busy.
func (l *List) untilNext(now time.Time) time.Duration {
	next := never
	for _, p := range l.peers {
		if p.Name != "" {
			next = min(next, p.due.Sub(now))
		}
	}
	return max(next, firstBackoff)
}

// update looks up the names that are due, and puts a new plan into use if anything
// changed.
func (l *List) update(ctx context.Context) {
	own := *l.own.Load()
	l.lookUpDue(ctx)
	defer l.noteLookUps()
	now := inputs{own: own}
	for _, p := range l.peers {
		now.targets = append(now.targets, l.targets(p, own)...)
	}
	if now.equal(l.built) {
		return
	}
	plan, skipped := now.plan(l.config)
	l.plan.Store(plan)
	l.built = now
	l.logSkipped(skipped)
}

// targets returns what an entry of the list stands for now.
func (l *List) targets(p *peer, own []netip.Addr) (targets []target) {
	oneFamily := l.config.OneFamily && len(p.addrs[0]) > 0 && len(p.addrs[1]) > 0
	ipv4 := hasIPv4(own)
	for _, addr := range slices.Concat(p.addrs[0], p.addrs[1]) {
		t := target{peer: p, addr: addr, isOther: oneFamily && addr.Is4() != ipv4}
		if addr.Zone() != "" {
			t.index, t.own = zoneIndex(addr), isOwnOnZone(addr)
		}
		targets = append(targets, t)
	}
	return targets
}

// hasIPv4 reports whether one of this host's addresses lets it send to others by IPv4.
func hasIPv4(own []netip.Addr) bool {
	return slices.ContainsFunc(own, func(a netip.Addr) bool { return a.Is4() && !a.IsLoopback() })
}

// logSkipped says which addresses are left out, when that changed.
func (l *List) logSkipped(skipped []string) {
	if !slices.Equal(skipped, l.skipped) {
		l.config.Log.Info("peers skipped", "skipped", skipped)
	}
	l.skipped = skipped
}

// lookUpDue looks up the names that are due, at most lookUpsAtOnce at a time.
func (l *List) lookUpDue(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookUpTimeout)
	defer cancel()
	started := time.Now()
	slots := make(chan struct{}, lookUpsAtOnce)
	var lookUps sync.WaitGroup
	for _, p := range l.peers {
		if p.Name == "" || p.due.After(started) {
			continue
		}
		slots <- struct{}{}
		lookUps.Go(func() {
			l.lookUp(ctx, p)
			<-slots
		})
	}
	lookUps.Wait()
}

func (l *List) lookUp(ctx context.Context, p *peer) {
	before := p.addrs
	err := p.lookUp(ctx)
	if ctx.Err() == context.Canceled {
		return // the list is being closed
	}
	p.setBroken(err)
	turned := p.schedule(time.Now(), err, l.config.Refresh)
	changed := !slices.Equal(before[0], p.addrs[0]) || !slices.Equal(before[1], p.addrs[1])
	log := l.config.Log
	switch {
	case turned && err != nil:
		log.Warn("name can't be looked up", "peer", p.Name, "error", err, "kept", slices.Concat(p.addrs[0], p.addrs[1]))
	case turned || changed:
		log.Info("name looked up", "peer", p.Name, "addresses", slices.Concat(p.addrs[0], p.addrs[1]))
	default:
		log.Debug("name looked up again", "peer", p.Name, "addresses", slices.Concat(p.addrs[0], p.addrs[1]), "error", err)
	}
}
