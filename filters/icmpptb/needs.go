package icmpptb

import "github.com/pmtud/pmtud/pipeline"

// Needs is [pipeline.HostUser]: frames that are sent to all hosts do not come through.
func (*filter) Needs() pipeline.Needs {
	return pipeline.Needs{Stops: []string{"frames sent on *"}}
}
