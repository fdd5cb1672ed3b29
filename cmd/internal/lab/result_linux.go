package lab

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Result is what came of one experiment.
type Result struct {
	// Config is the experiment's, defaults filled in.
	Config Config
	// Downloads has one entry for each connection.
	Downloads []Download
	// Servers has one entry for each server, in their order.
	Servers []ServerResult
	// Completed and Hung add up to the number of connections.
	Completed, Hung int
	// TimeToRecover is the [Download.Recovery] of those downloads that completed
	// although the router sent their server no PTB.
	TimeToRecover Spread
	// Slowest is the longest [Download.Elapsed] of a completed download.
	Slowest time.Duration
	// Traffic is what the sniffer saw on the LANs.
	Traffic Traffic
	// Exits has one entry for each daemon.
	Exits []Exit
}

// ServerResult is one server's share of the downloads.
type ServerResult struct {
	Name string
	// Connections is Completed + Hung.
	Connections, Completed, Hung int
	// PTBs is how many messages the router delivered to this server.
	PTBs int
}

// Spread is the median and the maximum of some times, 0 when there are none.
type Spread struct{ P50, Max time.Duration }

func spread(times []time.Duration) Spread {
	if len(times) == 0 {
		return Spread{}
	}
	slices.Sort(times)
	return Spread{P50: times[len(times)/2], Max: times[len(times)-1]}
}

// newResult sums the downloads up by server.
func newResult(n *Network, downloads []Download, traffic Traffic, exits []Exit) Result {
	r := Result{Config: n.Config, Downloads: downloads, Traffic: traffic, Exits: exits}
	byName := map[string]*ServerResult{}
	r.Servers = make([]ServerResult, len(n.Servers))
	for i, s := range n.Servers {
		r.Servers[i] = ServerResult{Name: s.Name, PTBs: traffic.PTBsTo[s.Name]}
		byName[s.Name] = &r.Servers[i]
	}
	var recoveries []time.Duration
	for _, d := range downloads {
		s := byName[d.Server]
		s.Connections++
		if d.Hung {
			s.Hung++
			r.Hung++
			continue
		}
		s.Completed++
		r.Completed++
		r.Slowest = max(r.Slowest, d.Elapsed)
		if s.PTBs == 0 {
			recoveries = append(recoveries, d.Recovery)
		}
	}
	r.TimeToRecover = spread(recoveries)
	return r
}

// withPmtud reports whether pmtud took part.
func (r Result) withPmtud() bool { return r.Config.withPmtud() }

// Check returns nil if everything went as it must: without pmtud exactly the
// downloads from servers without a PTB hang, with it none do, no copy is copied,
// and every daemon ends in order.
func (r Result) Check() error {
	errs := []error{r.checkTraffic()}
	for _, s := range r.Servers {
		errs = append(errs, r.checkServer(s))
	}
	for _, e := range r.Exits {
		errs = append(errs, e.check())
	}
	return errors.Join(errs...)
}

func (r Result) checkServer(s ServerResult) error {
	want := 0
	if !r.withPmtud() && s.PTBs == 0 {
		want = s.Connections
	}
	if s.Hung == want {
		return nil
	}
	return fmt.Errorf("%s, which the router sent %d PTBs: %d of %d downloads hung, want %d",
		s.Name, s.PTBs, s.Hung, s.Connections, want)
}

func (r Result) checkTraffic() error {
	t := r.Traffic
	switch {
	case t.Lost > 0:
		return fmt.Errorf("the sniffer lost %d frames: no figure for the LAN can be relied on", t.Lost)
	case len(t.PTBsTo) != 1:
		return fmt.Errorf("the router sent PTBs to %d servers (%v), want 1", len(t.PTBsTo), t.PTBsTo)
	case !r.withPmtud() && t.Broadcasts > 0:
		return fmt.Errorf("%d PTBs were broadcast without pmtud", t.Broadcasts)
	case t.Relayed > t.PTBs*(len(r.Servers)-1):
		return fmt.Errorf("%d PTBs were relayed %d times to %d peers: some more than once", t.PTBs, t.Relayed, len(r.Servers)-1)
	case t.Datagrams > t.PTBs*(len(r.Servers)-1):
		return fmt.Errorf("%d PTBs made %d datagrams to %d peers: some more than once", t.PTBs, t.Datagrams, len(r.Servers)-1)
	case t.CopiesOfCopies > 0:
		return fmt.Errorf("%d of %d broadcasts copy no PTB, or one that was copied already", t.CopiesOfCopies, t.Broadcasts)
	}
	return nil
}

// String returns the result in one line, such as
//
//	with pmtud: 40 downloads of 500 kB, 40 completed, slowest 0.41 s; ...
func (r Result) String() string {
	if r.withPmtud() {
		return "with pmtud:    " + r.downloads() + "; " + r.Traffic.String()
	}
	return "without pmtud: " + r.downloads()
}

func (r Result) downloads() string {
	text := fmt.Sprintf("%d downloads of %d kB, %d completed", len(r.Downloads), r.Config.Bytes/1000, r.Completed)
	if r.Hung > 0 {
		return text + fmt.Sprintf(", %d hung (%s)", r.Hung, r.whereHung())
	}
	return text + fmt.Sprintf(", slowest %.2f s (servers without a PTB of their own recovered in %.2f s, median %.2f s)",
		r.Slowest.Seconds(), r.TimeToRecover.Max.Seconds(), r.TimeToRecover.P50.Seconds())
}

// whereHung says on which side of the problem the downloads hang.
func (r Result) whereHung() string {
	unaware := 0
	for _, s := range r.Servers {
		if s.PTBs == 0 {
			unaware += s.Hung
		}
	}
	if unaware == r.Hung {
		return fmt.Sprintf("all %d on servers that never saw the PTB", r.Hung)
	}
	return fmt.Sprintf("%d on servers that never saw the PTB, %d on others", unaware, r.Hung-unaware)
}
