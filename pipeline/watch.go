package pipeline

import "slices"

// A Watcher sees the packets of a pipeline that runs, each with its verdict, on behalf of
// people who look at the program. It is nobody's stage: nothing is counted for it.
type Watcher interface {
	// Watch is called after each part of a batch was decided. The pipeline's lock is held,
	// so it must not wait, and it must not allocate, change the packets or keep any part
	// of them.
	Watch(d Decided)

	// Unread is called when a source left n packets unread ([Env]). It runs as Watch does.
	Unread(n int, v Verdict)
}

// Decided are packets that the filters have decided about. It is lent for the length of a
// call.
type Decided struct {
	Packets []Packet

	// SinksFilter says that sinks have filters of their own. If not, each gets what was
	// forwarded.
	SinksFilter bool

	pipeline *Pipeline
}

// Sinks appends the names of the sinks whose queues packet number i is put into.
func (d Decided) Sinks(dst []string, i int) []string {
	for _, s := range d.pipeline.sinks {
		for _, o := range s.passed {
			if o.packet == &d.Packets[i] {
				dst = append(dst, s.name)
				break
			}
		}
	}
	return dst
}

// watch shows packets to the watcher, if there is one. The caller holds the lock.
func (p *Pipeline) watch(batch []Packet) {
	if p.watcher != nil {
		hasFilters := func(s *sinkStage) bool { return len(s.filters.filters) > 0 }
		p.watcher.Watch(Decided{batch, slices.ContainsFunc(p.sinks, hasFilters), p})
	}
}
