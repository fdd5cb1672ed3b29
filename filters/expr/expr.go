package expr

import (
	"net/netip"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// NoMatch is the reason to drop a packet.
const NoMatch pipeline.Reason = 1

// Settings of the filter.
type Settings struct {
	When string `setting:"when" required:"true" doc:"expression that packets must match; its fields are router, target, family, ttl, mtu, src, dst, proto, sport, dport, quoted_length, length and vlan, joined by && || ! == != < <= > >= + -, in and not in (a prefix, a list, a range such as 8000..8080) and known(field)" example:"router in \"203.0.113.0/24\" && mtu < 1400"`
}

// Plugin returns the filter `expr`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "expr",
		Summary: "passes packets that match an expression over their fields",
		Reasons: pipeline.Reasons{
			NoMatch: {Name: "no-match", Doc: "the packet does not match the expression"},
		},
		New: New,
	})
}

// New returns the filter.
func New(s Settings, _ pipeline.Env) (pipeline.Filter, error) {
	when, fields, err := compile(s.When)
	if err != nil {
		return nil, setting.Errorf("when", "%w", err)
	}
	f := &filter{when: when, fields: fields}
	for _, field := range fields {
		f.quotes = f.quotes || field.quoted
	}
	return f, nil
}

type filter struct {
	when   condition
	fields []*field // that it asks for
	quotes bool     // some of them are the quoted packet's

	view view // of the call; here, for it would be allocated there
}

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	f.view.read(p, f.quotes)
	holds := f.when(&f.view)
	f.view = view{} // the packet was lent
	if !holds {
		return NoMatch
	}
	return pipeline.Pass
}

// view is a packet as expressions see it.
type view struct {
	packet *pipeline.Packet
	quoted pipeline.Quoted
	quotes bool // quoted is there
}

func (v *view) read(p *pipeline.Packet, quoted bool) {
	v.packet = p
	if quoted {
		v.quoted, v.quotes = p.Quoted()
	}
}

// Parts of an expression that was compiled. They allocate nothing.
type (
	condition func(*view) bool
	number    func(*view) (n int64, known bool)
	address   func(*view) netip.Addr // the zero Addr if it is not known
)
