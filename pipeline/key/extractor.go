package key

import (
	"slices"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Prefixes are the lengths of router-prefix and client-prefix: settings for plugins to embed.
type Prefixes struct {
	PrefixV4 int `setting:"prefix_v4" min:"1" max:"32" example:"24" doc:"bits of router-prefix and client-prefix of IPv4 addresses"`
	PrefixV6 int `setting:"prefix_v6" min:"1" max:"128" example:"64" doc:"bits of router-prefix and client-prefix of IPv6 addresses"`
}

// DefaultPrefixes returns the usual lengths.
func DefaultPrefixes() Prefixes { return Prefixes{PrefixV4: 24, PrefixV6: 64} }

// Extractor makes keys of packets. It doesn't change, so it is safe for concurrent
// use.
type Extractor struct {
	fields   Fields
	prefixes Prefixes
	masks    masks

	// hashed is set for fields that don't fit into a key. Otherwise address is the
	// one that a key holds, 0 if none, and mtu reports whether the MTU belongs to it.
	hashed  bool
	address Field
	mtu     bool

	secret secret // of hash
}

// New makes an extractor of the fields. The prefixes must be within the bounds that their
// tags declare. Fields that make no sense together are a [setting.Error] about the setting
// of that name.
func New(name string, fields Fields, p Prefixes) (*Extractor, error) {
	if err := fields.check(); err != nil {
		return nil, &setting.Error{Setting: name, Err: err}
	}
	e := &Extractor{
		fields: slices.Clone(fields), prefixes: p,
		masks: newMasks(p.PrefixV4, p.PrefixV6), secret: newSecret(),
	}
	e.arrange()
	return e, nil
}

// arrange finds out what the fields take.
func (e *Extractor) arrange() {
	for _, f := range e.fields {
		switch {
		case f == MTU:
			e.mtu = true
		case f == Flow || e.address != 0:
			e.hashed = true
		default:
			e.address = f
		}
	}
}

// Key returns the key of a decoded packet.
func (e *Extractor) Key(p *pipeline.Packet) Key {
	if e.hashed {
		return e.hash(p)
	}
	a := e.addressOf(e.address, p)
	k := Key{a.high, a.low, uint64(a.version)}
	if e.mtu {
		mtu, _ := p.MTU()
		k.rest |= uint64(mtu) << 8
	}
	return k
}

// addressOf returns the address or the prefix that a field is.
func (e *Extractor) addressOf(f Field, p *pipeline.Packet) address {
	switch f {
	case Router:
		return source(p.IP())
	case RouterPrefix:
		return e.masks.prefix(source(p.IP()))
	case Client:
		return destination(quoted(p))
	case ClientPrefix:
		return e.masks.prefix(destination(quoted(p)))
	case Target:
		return destination(p.IP())
	}
	return address{}
}

// hash returns the hash of all fields. Each has factors of its own, which never change.
func (e *Extractor) hash(p *pipeline.Packet) Key {
	var h nh
	var rest, versions uint64 // what is no address, and of addresses their IP versions
	for _, f := range e.fields {
		switch f {
		case MTU:
			mtu, _ := p.MTU()
			rest |= uint64(mtu) << 32
		case Flow:
			ip := quoted(p)
			src, dst := source(ip), destination(ip)
			h.add(e.secret[Flow], src.high, src.low)
			h.add(e.secret[Client], dst.high, dst.low) // which is no field beside the flow
			payload := ip.Payload()
			srcPort, dstPort, _ := ip.Ports(payload)
			rest |= uint64(srcPort)<<16 | uint64(dstPort)
			versions |= uint64(payload.Protocol)<<56 | uint64(ip.Version)<<(4*Flow)
		default:
			a := e.addressOf(f, p)
			h.add(e.secret[f], a.high, a.low)
			versions |= uint64(a.version) << (4 * f)
		}
	}
	h.add(e.secret[0], rest, versions)
	return Key{high: h.high, low: h.low}
}
