// Package sourcelist has the filter `source-list`, which looks at the router's
// address: the outer source of a message.
package sourcelist

import (
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/prefixset"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Reasons to drop a packet.
const (
	Denied   pipeline.Reason = iota + 1 // the address is denied, or not allowed
	FromPeer                            // the same, of a filter that guards a peer list
)

// Settings of the filter.
type Settings struct {
	Allow []prefixset.Prefix `setting:"allow" pattern:"^[0-9a-fA-F.:]+(/[0-9]+)?$" example:"198.51.100.0/24,2001:db8::/32" doc:"prefixes that the router's address must be in; any if empty"`
	Deny  []prefixset.Prefix `setting:"deny" pattern:"^[0-9a-fA-F.:]+(/[0-9]+)?$" example:"192.0.2.11,2001:db8:1::11" doc:"prefixes that the router's address must not be in"`
	Peers bool               `setting:"peers" example:"true" doc:"deny lists the peers that messages are sent to; what it drops has the reason from-peer"`
}

// Plugin returns the filter `source-list`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "source-list",
		Summary: "passes messages depending on the address of the router that sent them",
		Reasons: pipeline.Reasons{
			Denied:   {Name: "denied", Doc: "the router's address is in deny, or not in allow"},
			FromPeer: {Name: "from-peer", Doc: "the router's address is one of the peers'"},
		},
		New: New,
	})
}

// New returns the filter.
func New(s Settings, _ pipeline.Env) (pipeline.Filter, error) {
	if len(s.Allow) == 0 && len(s.Deny) == 0 {
		return nil, setting.Errorf("deny", "is empty and so is allow; list at least one prefix")
	}
	f := &filter{allow: prefixset.New(s.Allow), deny: prefixset.New(s.Deny), reason: Denied}
	if s.Peers {
		f.reason = FromPeer
	}
	return f, nil
}

type filter struct {
	allow, deny *prefixset.Set // nil: not asked
	reason      pipeline.Reason
}

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	addr := p.Router()
	if f.deny.Has(addr) || f.allow != nil && !f.allow.Has(addr) {
		return f.reason
	}
	return pipeline.Pass
}
