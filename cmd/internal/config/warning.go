package config

import (
	"slices"

	"github.com/pmtud/pmtud/pipeline"
)

// Warnings returns what may not be meant in a file that was resolved without mistakes,
// in order: settings of which their stages say so, and sinks that send the same
// messages the same way, so that each goes out twice.
func (f *File) Warnings() Mistakes {
	r := f.report()
	users := f.users()
	for _, u := range users {
		for _, w := range u.needs().Warnings {
			r.Warn(u.of(w.Setting), "", "`%s` %s", w.Setting, w.Err)
		}
	}
	for i, u := range users {
		if first := slices.IndexFunc(users[:i], u.repeats); first >= 0 {
			other := users[first]
			r.Warn(u.At, "remove one of them, or have filters give them different messages",
				"sink `%s` sends the same as %v at %v: a message that reaches both is sent twice", u.Called(), other, other.At)
		}
	}
	r.Sort()
	return r.Mistakes
}

// of returns the place of a setting, or of the stage if that is not written there.
func (s Stage) of(setting string) Position {
	if found := s.Settings.Find(setting); found != nil {
		return found.At
	}
	return s.At
}

// repeats reports whether two sinks may get the same messages and send them the same
// way.
func (u user) repeats(other user) bool {
	return u.kind == pipeline.KindSink && other.kind == pipeline.KindSink &&
		shares(u.needs().Emits, other.needs().Emits) && sameHosts(u.needs().Hosts, other.needs().Hosts) &&
		(u.pipeline == other.pipeline || u.pipeline.sharesSource(other.pipeline))
}

// sameHosts reports whether two sinks send to one host both, or name none, as they send
// to all.
func sameHosts(a, b []string) bool { return len(a) == 0 && len(b) == 0 || shares(a, b) }

// sharesSource reports whether a message may come to both pipelines: they capture on one
// interface, or netfilter's rules may log it for one of them.
func (p *Pipeline) sharesSource(other *Pipeline) bool {
	return slices.ContainsFunc(p.Sources, func(s Stage) bool { return slices.ContainsFunc(other.Sources, s.mayHearWhat) })
}

func (s Stage) mayHearWhat(other Stage) bool {
	a, b := s.needs(), other.needs()
	if len(a.NFLOGGroups) > 0 {
		a, b = b, a
	}
	if len(b.NFLOGGroups) > 0 {
		return len(a.NFLOGGroups) > 0 || len(a.Interfaces) > 0
	}
	return shares(a.Interfaces, b.Interfaces)
}

func shares[T comparable](a, b []T) bool {
	return slices.ContainsFunc(a, func(v T) bool { return slices.Contains(b, v) })
}
