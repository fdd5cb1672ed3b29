package ifacerate

import "github.com/pmtud/pmtud/pipeline"

// Needs is [pipeline.HostUser]: sinks may rely on the limit.
func (*filter) Needs() pipeline.Needs { return pipeline.Needs{Limits: true} }

// Needs is [pipeline.HostUser], as for the filter without shares.
func (*fairFilter) Needs() pipeline.Needs { return pipeline.Needs{Limits: true} }
