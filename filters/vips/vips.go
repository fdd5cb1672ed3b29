// Package vips has the filter `vips`, which lets messages pass that are about a packet
// from an address of the service: the virtual addresses (VIPs) that all servers share.
// A message about another address is of no use to the other servers.
//
// The address that counts is the quoted packet's source. It is one of the VIPs if it is
// in one of the listed prefixes, or on the interface that `from` names: mostly lo, where
// servers behind a router that chooses among them keep the VIPs. Loopback addresses
// (127.0.0.0/8 and ::1) and link-local ones don't count. An address counts as such and
// not with its network, so prefixes that are local as a whole have to be listed.
//
// The interface's addresses are read when the pipeline opens and followed by netlink.
// While it has none that counts, or isn't there, nothing passes by `from`, and the log
// says so once. If no prefixes are listed either, the filter is not ready.
//
// In a replay, which opens nothing and must not depend on the host, they are not known:
// then `from` lets every quoted source pass, and an explanation says so. To replay what
// the daemon decided, list the prefixes instead.
package vips

import (
	"log/slog"
	"net/netip"
	"sync/atomic"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/hostnet"
	"github.com/pmtud/pmtud/pipeline/prefixset"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// NotVIP is the reason to drop a packet.
const NotVIP pipeline.Reason = 1

// Settings of the filter.
type Settings struct {
	Prefixes []prefixset.Prefix    `setting:"prefixes" doc:"addresses and prefixes of the service" example:"192.0.2.1,2001:db8::/64"`
	From     setting.InterfaceName `setting:"from" doc:"interface whose addresses count too, except loopback and link-local ones; in a replay every address counts" pattern:"^[^/: ]{0,15}$" example:"lo"`
}

// Plugin returns the filter `vips`.
func Plugin() pipeline.Plugin {
	return pipeline.NewFilter(pipeline.FilterPlugin[Settings]{
		Type:    "vips",
		Summary: "passes messages about packets from the service's addresses",
		Reasons: pipeline.Reasons{
			NotVIP: {Name: "not-vip", Doc: "the quoted packet's source is not one of the service's addresses, or nothing is quoted"},
		},
		New: New,
	})
}

// New returns the filter.
func New(s Settings, env pipeline.Env) (pipeline.Filter, error) {
	if len(s.Prefixes) == 0 && s.From == "" {
		return nil, setting.Errorf("prefixes", "is empty and so is from; list at least one prefix, or name an interface")
	}
	return &filter{listed: prefixset.New(s.Prefixes), from: string(s.From), log: env.Log}, nil
}

type filter struct {
	listed *prefixset.Set
	from   string
	log    *slog.Logger

	found   atomic.Pointer[addresses] // on the interface; nil until the filter is opened
	watcher *hostnet.Watcher
}

// addresses are those of the interface that count. They do not change.
type addresses struct {
	set  *prefixset.Set
	list []netip.Addr // sorted
}

func (f *filter) Filter(p *pipeline.Packet) pipeline.Reason {
	q, ok := p.Quoted()
	if !ok || !f.isVIP(q.Src) {
		return NotVIP
	}
	return pipeline.Pass
}

func (f *filter) isVIP(addr netip.Addr) bool {
	if f.listed.Has(addr) {
		return true
	}
	if f.from == "" {
		return false
	}
	found := f.found.Load()
	return found == nil || found.set.Has(addr)
}
