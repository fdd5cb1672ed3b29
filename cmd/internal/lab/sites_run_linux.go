package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Phase is what happens while both sites' clients download. Each phase has clients of its own,
// to which no server knows the path.
type Phase int

// Phases, in the order in which [RunSites] makes them.
const (
	// WrongSite has the PTBs arrive at the wrong site.
	WrongSite Phase = iota
	// NATSReturns has site 0's NATS server killed before and started again in the middle.
	NATSReturns
	// Parted has the link between the sites down, and the PTBs arrive at the right site.
	Parted

	phases int = iota // the number of them
)

// String returns the phase in words.
func (p Phase) String() string {
	return [...]string{
		"PTBs arrive at the wrong site", "a NATS server is killed and comes back", "the sites are parted",
	}[p]
}

// SiteResult is what came of one phase at one site.
type SiteResult struct {
	Phase Phase
	Site  int
	// Downloads has one entry for each connection, Completed is how many got everything.
	Downloads []Download
	Completed int
	// Slowest is the longest [Download.Elapsed] of those, counted from the return of the NATS
	// server in that phase.
	Slowest time.Duration
	// PTBsAt is how many PTBs about the site's clients the router of each site delivered.
	PTBsAt [sites]int
}

// String returns the result in one line.
func (r SiteResult) String() string {
	since := ""
	if r.Phase == NATSReturns {
		since = " after its return"
	}
	return fmt.Sprintf("%v: site %d: %d of %d downloads completed, slowest %.2f s%s; %d PTBs at the right site, %d at the wrong one",
		r.Phase, r.Site, r.Completed, len(r.Downloads), r.Slowest.Seconds(), since, r.PTBsAt[r.Site], r.PTBsAt[1-r.Site])
}

// returned is how soon everything must have healed after a NATS server's return.
const returned = 5 * time.Second

// Check returns nil if everything went as it must.
func (r SiteResult) Check() error {
	right, wrong := r.PTBsAt[r.Site], r.PTBsAt[1-r.Site]
	if r.Phase == Parted {
		right, wrong = wrong, right
	}
	switch {
	case r.Completed != len(r.Downloads):
		return fmt.Errorf("%v: site %d: %d of %d downloads completed", r.Phase, r.Site, r.Completed, len(r.Downloads))
	case right > 0 || wrong == 0:
		return fmt.Errorf("%v: site %d: PTBs %v at sites 0 and 1", r.Phase, r.Site, r.PTBsAt)
	case r.Phase == NATSReturns && r.Slowest > returned:
		return fmt.Errorf("%v: site %d: healed %v after its return", r.Phase, r.Site, r.Slowest)
	}
	return nil
}

// RunSites builds two sites, runs pmtud on all their servers and makes all phases, one after the
// other: nothing is restarted but a NATS server. It is an error if a daemon does not end in order.
func RunSites(ctx context.Context, config SitesConfig) ([]SiteResult, []Exit, error) {
	c, err := config.withDefaults()
	if err != nil {
		return nil, nil, err
	}
	config.Config = c
	s, err := BuildSites(config)
	if err != nil {
		return nil, nil, err
	}
	results, exits, err := s.run(ctx)
	errs := []error{err, s.Close()}
	for _, e := range exits {
		errs = append(errs, e.check())
	}
	return results, exits, errors.Join(errs...)
}

func (s *Sites) run(ctx context.Context) (results []SiteResult, exits []Exit, err error) {
	if err := errors.Join(s.startNATS(ctx, 0), s.startNATS(ctx, 1)); err != nil {
		return nil, nil, err
	}
	var daemons []*daemon
	for _, n := range s.Of {
		started, err := n.startDaemons(ctx)
		daemons = append(daemons, started...)
		if err != nil {
			return nil, stopDaemons(daemons), err
		}
	}
	if err := awaitNATS(daemons); err != nil {
		return nil, stopDaemons(daemons), err
	}
	for phase := range Phase(phases) {
		of, err := s.phase(ctx, phase)
		if err != nil {
			return results, stopDaemons(daemons), fmt.Errorf("%v: %w", phase, err)
		}
		results = append(results, of...)
	}
	return results, stopDaemons(daemons), nil
}

// awaitNATS waits until sink and source of each daemon are connected.
func awaitNATS(daemons []*daemon) error {
	for _, d := range daemons {
		if err := poll(time.Now().Add(connectTimeout), func() error {
			if said := d.Stderr.String(); strings.Count(said, "connected to NATS server") < 2 {
				return fmt.Errorf("pmtud on %s has no connection to a NATS server; it said %q", d.server, said)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// phase makes the downloads of both sites at the same time.
func (s *Sites) phase(ctx context.Context, phase Phase) (results []SiteResult, err error) {
	switch phase {
	case NATSReturns:
		err = s.killNATS(0)
	case Parted:
		err = s.Part()
	}
	if err != nil {
		return nil, err
	}
	seen := &arrivals{sites: s, phase: phase}
	var watches []*watch
	for i, n := range s.Of {
		w, err := n.watch(onlyPTBs, func(_ int, f frame, _ time.Duration) { seen.add(i, f) })
		if err != nil {
			return nil, err
		}
		watches = append(watches, w)
	}
	results, err = s.download(ctx, phase)
	errs := []error{err}
	for _, w := range watches {
		lost, err := w.stop()
		if lost > 0 {
			err = errors.Join(err, fmt.Errorf("the sniffer lost %d frames", lost))
		}
		errs = append(errs, err)
	}
	for i := range results {
		results[i].PTBsAt = seen.about[i]
	}
	return results, errors.Join(errs...)
}

// outage is how long a NATS server stays away while downloads hang.
const outage = 500 * time.Millisecond

func (s *Sites) download(ctx context.Context, phase Phase) ([]SiteResult, error) {
	ctx, cancel := context.WithCancel(ctx)
	var crowds [sites]*connected
	var waits [sites]func()
	defer func() {
		for i := range crowds {
			if crowds[i] != nil {
				crowds[i].abort()
			}
		}
		cancel()
		for _, wait := range waits {
			if wait != nil {
				wait()
			}
		}
	}()
	for i, n := range s.Of {
		var err error
		if waits[i], err = n.serve(ctx); err != nil {
			return nil, err
		}
		if crowds[i], err = n.connectAs(ctx, func(int) int { return int(phase) }); err != nil {
			return nil, err
		}
	}
	begin := time.Now()
	var downloading sync.WaitGroup
	var errs [sites + 1]error
	for i, n := range s.Of {
		downloading.Go(func() { errs[i] = crowds[i].download(ctx, n.Config.Bytes, whileMoving(n.Config.Stall)) })
	}
	if phase == NATSReturns {
		time.Sleep(outage) // it is part of the experiment
		errs[sites] = s.startNATS(ctx, 0)
	}
	since := time.Since(begin)
	downloading.Wait()
	var results []SiteResult
	for i := range crowds {
		r := SiteResult{Phase: phase, Site: i, Downloads: crowds[i].downloads}
		for _, d := range r.Downloads {
			if d.Bytes == s.Of[i].Config.Bytes {
				r.Completed++
				r.Slowest = max(r.Slowest, d.Elapsed)
			}
		}
		if phase == NATSReturns {
			r.Slowest = max(0, r.Slowest-since)
		}
		results = append(results, r)
	}
	return results, errors.Join(errs[:]...)
}

// arrivals counts the PTBs of a phase that routers delivered to servers.
type arrivals struct {
	sites *Sites
	phase Phase

	mu    sync.Mutex
	about [sites][sites]int // by the client's site and the site where they arrived
}

// add takes a frame on the LAN of a site, which is not for its router.
func (a *arrivals) add(at int, f frame) {
	if f.broadcast() {
		return
	}
	p := pipeline.Packet{Data: f, Length: len(f), LinkType: linklayer.Ethernet}
	p.Decode()
	quoted, _ := p.Quoted()
	a.mu.Lock()
	defer a.mu.Unlock()
	for site, n := range a.sites.Of {
		if quoted.Dst == n.client(int(a.phase)) && f.to() == n.VIP && !isServer(n, f.from()) {
			a.about[site][at]++
		}
	}
}

func isServer(n *Network, addr netip.Addr) bool {
	for _, s := range n.Servers {
		if s.Addr == addr {
			return true
		}
	}
	return false
}
