package doctor

import (
	"context"

	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/netspace"
)

// Options say what to look at besides the host itself.
type Options struct {
	Spaces   []*netspace.Space // network namespaces, that of the process first
	Host     []hostcheck.Finding
	Warnings []string  // of the configuration
	Peers    bool      // copies come readdressed by the sink peers
	Found    []Finding // by others
	Unseen   []string  // likewise
	Progress func(text string)
}

// Run looks at everything. It takes some seconds if connections wait for acknowledgments, or a
// gateway does not answer.
func Run(ctx context.Context, o Options) (*Report, error) {
	r := &Report{Findings: []Finding{}}
	r.addHost(o.Host)
	r.Findings = append(r.Findings, o.Found...)
	r.Unseen = append(r.Unseen, o.Unseen...)
	for _, text := range o.Warnings {
		r.Findings = append(r.Findings, Finding{
			Level: hostcheck.Warning, Subject: "configuration", State: text,
			Why: "this may not be intended", Do: "pmtud check -c FILE shows the line",
		})
	}
	return r, look(ctx, o, r)
}
