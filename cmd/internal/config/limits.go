package config

import (
	"slices"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
)

// limits finds sinks that need a limit of all packets together and have none before them.
func limits(r *mistake.Report, f *File) {
	for i := range f.Pipelines {
		p := &f.Pipelines[i]
		if p.repeated || p.unclear["filters"] || limited(p.Filters) {
			continue
		}
		for j := range p.Sinks {
			if s := &p.Sinks[j]; s.needs().Limit && !limited(s.Filters) {
				r.Add(s.At, "add a filter such as `iface-rate`, or set `unlimited: true`", "sink `%s` sends each packet to many hosts, and no filter before it limits all packets together", s.Called())
			}
		}
	}
}

// limited reports whether one of the filters is a limit, or might be if it were known.
func limited(filters []Stage) bool {
	return slices.ContainsFunc(filters, func(s Stage) bool { return s.Resolved == nil || s.needs().Limits })
}
