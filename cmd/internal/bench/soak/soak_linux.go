package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Options say how to soak.
type Options struct {
	Program string        // path of pmtud
	Dir     string        // an empty folder
	Long    time.Duration // how long, at least
	Rate    int           // frames per second
	Seed    uint64        // of the faults
	Log     func(format string, args ...any)
}

// Report is what came of a soak.
type Report struct {
	Sent, Certain, Came uint64 // frames: sent, and what the kernel says came in
	Counters            map[string]*Counters
	Faults              map[string]int
	Rests               []Resources // of the program, each time that it came to rest
	Lines               uint64      // of its output
}

// The program comes to rest this often at least, and after so long at most.
const (
	leastRests = 4
	restEvery  = 30 * time.Second
)

// soak is a soak that goes on.
type soak struct {
	Options
	host    *host
	program *program
	traffic *traffic
	disk    string // its path, as the program sees it

	random         *rand.Rand
	faults         []fault
	on             map[string]bool // faults that last
	struck         map[string]int
	configurations int
	files          uint64 // that the program was let open
	rests          []Resources
}

// Run soaks in namespaces that it makes. The error joins all that is wrong with what
// the program did, and the report is as good as can be then.
func Run(ctx context.Context, o Options) (Report, error) {
	h, err := newHost()
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = h.close() }()
	if err := h.LogPackets(from(router4)); err != nil {
		return Report{}, err
	}
	p, err := startProgram(h, o.Program, o.Dir)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = p.disk.Close() }()
	s := &soak{
		Options: o, host: h, program: p, disk: filepath.Join(o.Dir, "disk"),
		random: newRandom(o.Seed), faults: faults(), on: map[string]bool{}, struck: map[string]int{},
	}
	// What came before there was a socket is none of the program's business.
	if h.ledger.before, err = h.came(); err != nil {
		return Report{}, p.killed(err)
	}
	s.traffic = startTraffic(h.Wire, o.Rate)
	err = s.run(ctx)
	s.traffic.stop()
	_ = s.goOnReading() // or the program does not end
	time.Sleep(settling)
	err = errors.Join(err, h.turn(false), p.Stop(unix.SIGTERM))
	report, wrong := s.report()
	err = errors.Join(err, wrong)
	if err != nil {
		err = fmt.Errorf("%w\npmtud said:\n%s", err, &p.Stderr)
	}
	return report, err
}

// settling is how long what was sent may take to be counted.
const settling = 200 * time.Millisecond

func (s *soak) run(ctx context.Context) error {
	if err := s.goodReload(); err != nil {
		return err
	}
	rests := max(leastRests, int(s.Long/restEvery))
	for range rests {
		if err := s.storm(ctx, s.Long/time.Duration(rests)); err != nil {
			return err
		}
		if err := s.rest(); err != nil {
			return err
		}
	}
	return grown(s.rests)
}

// storm has faults strike for so long.
func (s *soak) storm(ctx context.Context, long time.Duration) error {
	for end := time.Now().Add(long); time.Now().Before(end) && ctx.Err() == nil; {
		if err := s.strike(); err != nil {
			return err
		}
		time.Sleep(s.millis(400))
	}
	return errors.Join(s.calm(), ctx.Err())
}

// rest lets the program recover, and come to rest without traffic.
func (s *soak) rest() error {
	if err := s.goodReload(); err != nil {
		return err
	}
	if err := s.recover(); err != nil {
		return err
	}
	if err := s.program.await("readiness", func() (bool, error) { return s.program.ready(s.host), nil }); err != nil {
		return err
	}
	s.traffic.paused.Store(true)
	time.Sleep(2 * time.Second)
	r, err := s.program.resources()
	if err == nil {
		r.Goroutines, err = s.program.goroutines(s.host)
	}
	s.rests = append(s.rests, r)
	s.Log("at rest: %+v after %d faults", r, s.sum())
	s.traffic.paused.Store(false)
	return err
}

// recover waits until all sinks deliver again.
func (s *soak) recover() error {
	lines := s.program.output.lines.Load()
	sizes := map[string]int64{}
	err := s.program.await("sinks to deliver", func() (bool, error) {
		for _, name := range []string{"in/kept.pcapng", "in/limited.pcap", "in/changing.pcap"} {
			info, err := s.program.disk.Stat(name)
			if err != nil {
				return false, nil // it is being rotated
			}
			if _, ok := sizes[name]; !ok {
				sizes[name] = info.Size()
			}
			if info.Size() == sizes[name] {
				return false, nil
			}
		}
		return s.program.output.lines.Load() > lines, nil
	})
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, listing(s.program.disk.FS()))
	}
	return err
}

func (s *soak) sum() (n int) {
	for _, times := range s.struck {
		n += times
	}
	return n
}

// report looks at what the program left behind.
func (s *soak) report() (Report, error) {
	counters, err := readCounters(s.program.Stderr.String())
	r := Report{
		Sent: s.traffic.sent.Load(), Certain: s.host.ledger.certain, Came: s.host.ledger.all,
		Counters: counters, Faults: s.struck, Rests: s.rests, Lines: s.program.output.lines.Load(),
	}
	kept, logged := counters["kept"], counters["logged"]
	if kept == nil || kept.Pipelines != 1 || logged == nil || logged.Pipelines != 1 {
		return r, errors.Join(err, fmt.Errorf("counters of pipelines that are always the same: %+v, %+v", kept, logged))
	}
	n, e := s.host.Logged()
	if seen := logged.Received + logged.Lost; e == nil && seen != uint64(n) {
		e = fmt.Errorf("received and lost are %d messages of NFLOG, but %d were logged", seen, n)
	}
	return r, errors.Join(err, e, s.host.ledger.check(kept.Received+kept.Lost), checkFiles(s.program.disk.FS(), "in/*", 3))
}
