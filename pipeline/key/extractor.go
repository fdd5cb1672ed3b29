package key

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/dchest/siphash"

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

	// router is set if keys are the router's address and nothing else: the common
	// case, worth a way of its own.
	router bool

	// hashed is set for fields that don't fit into a key. Otherwise address is the
	// one that a key holds, 0 if none, and mtu reports whether the MTU belongs to it.
	hashed  bool
	address Field
	mtu     bool

	secret [2]uint64
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
		masks: newMasks(p.PrefixV4, p.PrefixV6), secret: [2]uint64{rand.Uint64(), rand.Uint64()},
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
	e.router = len(e.fields) == 1 && e.address == Router
}

// Key returns the key of a decoded packet.
func (e *Extractor) Key(p *pipeline.Packet) Key {
	if e.router {
		a := source(p.IP())
		return Key{a.high, a.low, uint64(a.version)}
	}
	return e.other(p)
}

// other returns keys of anything but the router alone.
func (e *Extractor) other(p *pipeline.Packet) Key {
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

// widest is the length of router, target, MTU and flow in bytes.
const widest = 2*addressLen + 4 + flowLen

// hash returns the hash of all fields.
func (e *Extractor) hash(p *pipeline.Packet) Key {
	var bytes [widest]byte
	b := bytes[:0]
	for _, f := range e.fields {
		switch f {
		case MTU:
			mtu, _ := p.MTU()
			b = binary.BigEndian.AppendUint32(b, mtu)
		case Flow:
			b = appendFlow(b, p)
		default:
			b = e.addressOf(f, p).append(b)
		}
	}
	high, low := siphash.Hash128(e.secret[0], e.secret[1], b)
	return Key{high: high, low: low}
}

// flowLen is the length of an appended flow in bytes.
const flowLen = 2*addressLen + 1 + 4

func appendFlow(b []byte, p *pipeline.Packet) []byte {
	ip := quoted(p)
	b = source(ip).append(b)
	b = destination(ip).append(b)
	q, _ := p.Quoted()
	b = append(b, byte(q.Protocol))
	b = binary.BigEndian.AppendUint16(b, q.SrcPort)
	return binary.BigEndian.AppendUint16(b, q.DstPort)
}
