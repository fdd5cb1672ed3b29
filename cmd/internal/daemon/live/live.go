package live

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/pipeline"
)

// mostTaps bounds how many taps there are at a time. Each has two rings.
const mostTaps = 16

// ErrTaps says that there are as many taps as there can be.
var ErrTaps = errors.New("too many taps are open; end one of them")

// Live watches the pipelines of a daemon, while configurations come and go.
type Live struct {
	log  *slog.Logger
	taps atomic.Pointer[[]*Tap] // nil if there are none

	mu          sync.Mutex // guards what follows
	watches     map[string]*Watch
	histories   map[*pipeline.Pipeline]*History
	snapshotter service.Snapshotter
}

// New returns a Live without pipelines. It logs when many packets are dropped.
func New(log *slog.Logger) *Live {
	return &Live{log: log, watches: map[string]*Watch{}, histories: map[*pipeline.Pipeline]*History{}}
}

// Watch is the watcher of the pipelines with one name: during a reload there may be two.
type Watch struct {
	name  string
	live  *Live
	lists *Lists
	idle  int // seconds without a pipeline of this name; guarded by the lock of live
}

// idleSeconds is how long a watch is kept without a pipeline. One that a reload builds has
// to open first.
const idleSeconds = 120

// Watcher returns the watcher for a pipeline of this name.
func (l *Live) Watcher(name string) *Watch {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.watches[name]
	if !ok {
		w = &Watch{name: name, live: l, lists: newLists(time.Now())}
		l.watches[name] = w
	}
	return w
}

// Watch is [pipeline.Watcher].
func (w *Watch) Watch(d pipeline.Decided) {
	w.lists.sample(d.Packets)
	if taps := w.live.taps.Load(); taps != nil {
		for _, t := range *taps {
			t.watch(w.name, d)
		}
	}
}

// Unread is [pipeline.Watcher].
func (w *Watch) Unread(n int, _ pipeline.Verdict) {
	if taps := w.live.taps.Load(); taps != nil {
		for _, t := range *taps {
			t.unread.Add(uint64(n))
		}
	}
}

// Tap opens a tap, see [Tap.Read]. The reader gets at most budget packets between two
// readings. With data they have all their bytes.
func (l *Live) Tap(s Selection, budget int, data bool) (*Tap, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var taps []*Tap
	if open := l.taps.Load(); open != nil {
		taps = slices.Clone(*open)
	}
	if len(taps) >= mostTaps {
		return nil, ErrTaps
	}
	t := newTap(l, s, budget, data)
	taps = append(taps, t)
	l.taps.Store(&taps)
	return t, nil
}

func (l *Live) remove(t *Tap) {
	l.mu.Lock()
	defer l.mu.Unlock()
	taps := slices.DeleteFunc(slices.Clone(*l.taps.Load()), func(other *Tap) bool { return other == t })
	if len(taps) == 0 {
		l.taps.Store(nil)
		return
	}
	l.taps.Store(&taps)
}

// Top returns the n heaviest keys of the pipelines with this name. It reports false if
// there are none.
func (l *Live) Top(name string, n int) (Top, bool) {
	l.mu.Lock()
	w, ok := l.watches[name]
	l.mu.Unlock()
	if !ok {
		return Top{}, false
	}
	return w.lists.top(n), true
}

// Run reads the counters of what runs once a second, until ctx is done.
func (l *Live) Run(ctx context.Context, status func() service.Status) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-second.C:
			l.tick(ctx, now, status())
		}
	}
}

// tick takes a reading.
func (l *Live) tick(ctx context.Context, now time.Time, status service.Status) {
	answers := l.ask(ctx, status)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(status)
	for _, w := range l.watches {
		w.lists.tick(now)
	}
	for i, p := range status.Pipelines {
		if answers[i].OK && !p.Ended {
			h := l.history(p.Pipeline)
			h.add(answers[i])
			h.summary.tick(l.log, answers[i], p.Since)
		}
	}
}

// history returns the history of a pipeline. The caller holds the lock.
func (l *Live) history(p *pipeline.Pipeline) *History {
	h, ok := l.histories[p]
	if !ok {
		h = new(History)
		l.histories[p] = h
	}
	return h
}

// forget drops what is kept of pipelines that are gone. The caller holds the lock.
func (l *Live) forget(status service.Status) {
	names, there := map[string]bool{}, map[*pipeline.Pipeline]bool{}
	for _, p := range status.Pipelines {
		names[p.Name], there[p.Pipeline] = true, true
	}
	for name, w := range l.watches {
		if names[name] {
			w.idle = 0
		} else if w.idle++; w.idle > idleSeconds {
			delete(l.watches, name)
		}
	}
	for p := range l.histories {
		if !there[p] {
			delete(l.histories, p)
		}
	}
}

// answerTimeout is how long a pipeline may take to answer.
const answerTimeout = time.Second

// ask asks the pipelines of a status for their counters.
func (l *Live) ask(ctx context.Context, status service.Status) []service.Snapshot {
	ctx, stop := context.WithTimeout(ctx, answerTimeout)
	defer stop()
	var pipelines []*pipeline.Pipeline
	for _, p := range status.Pipelines {
		pipelines = append(pipelines, p.Pipeline)
	}
	return l.snapshotter.Snapshots(ctx, pipelines)
}

// Now returns the counters of each pipeline of a status, now and before.
func (l *Live) Now(ctx context.Context, status service.Status) []Now {
	answers := l.ask(ctx, status)
	all := make([]Now, len(answers))
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, a := range answers {
		all[i].Snapshot = a
		if h, ok := l.histories[status.Pipelines[i].Pipeline]; ok {
			all[i].Ten, all[i].Minute = h.before(a.At)
		}
	}
	return all
}

// Now is a reading of a pipeline's counters with earlier ones. An earlier one that was not
// answered says that the pipeline is younger.
type Now struct {
	service.Snapshot
	Ten, Minute service.Snapshot // at most ten seconds and a minute before
}

// Hours returns what each pipeline of a status did in the last hour, oldest first, by name.
func (l *Live) Hours(status service.Status) map[string][]Point {
	l.mu.Lock()
	defer l.mu.Unlock()
	hours := map[string][]Point{}
	for _, p := range status.Pipelines {
		if h, ok := l.histories[p.Pipeline]; ok {
			hours[p.Name] = h.Hour()
		}
	}
	return hours
}
