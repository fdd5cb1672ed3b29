package control

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/live"
	"github.com/pmtud/pmtud/pipeline/heavy"
)

// Top is the answer to GET /api/top. Its parameter n is how many keys of each list are
// wanted, 10 without it.
type Top struct {
	Now       time.Time     `json:"now"`
	Pipelines []PipelineTop `json:"pipelines"` // in the order of the configuration
}

// PipelineTop are the lists of one pipeline: about packets that it received since Since, 30
// to 60 seconds ago. Packets that a source left unread while a limit was exhausted are not
// among them.
type PipelineTop struct {
	Name  string    `json:"name"`
	Since time.Time `json:"since"`

	// SampledOneIn is 1 while every packet is looked at, and else how many packets stand
	// for each one that is.
	SampledOneIn uint64 `json:"sampled_one_in"`

	Routers List `json:"routers"`
	Clients List `json:"clients"` // prefixes, /24 and /56
	Targets List `json:"targets"`
	MTUs    List `json:"mtus"`
}

// List is one top list, by the sketch Space-Saving. A key that is not in Keys and could be,
// for the list was asked for long enough, has at most MostMissing packets.
type List struct {
	Total       uint64 `json:"total"` // packets
	MostMissing uint64 `json:"most_missing"`
	Keys        []Key  `json:"keys"` // largest first
}

// Key is an address, a prefix or a next-hop MTU with its packets. The true number is at
// least Packets and at most Packets+Error, but for the error of sampling. Dropped is how
// many of Packets were dropped.
type Key struct {
	Key     string  `json:"key"`
	Packets uint64  `json:"packets"`
	Error   uint64  `json:"error"`
	Dropped uint64  `json:"dropped"`
	Share   float64 `json:"share"` // of Total, 0 to 1
}

// Top returns the n heaviest keys of each pipeline.
func (d Daemon) Top(n int) Top {
	t := Top{Now: time.Now(), Pipelines: []PipelineTop{}}
	for _, p := range d.Status().Pipelines {
		lists, ok := d.Live.Top(p.Name, n)
		if !ok {
			continue
		}
		t.Pipelines = append(t.Pipelines, PipelineTop{
			Name: p.Name, Since: lists.Since, SampledOneIn: lists.Stride,
			Routers: list(lists.Routers, address), Clients: list(lists.Clients, netip.Prefix.String),
			Targets: list(lists.Targets, address),
			MTUs:    list(lists.MTUs, func(mtu uint32) string { return strconv.FormatUint(uint64(mtu), 10) }),
		})
	}
	return t
}

func address(p netip.Prefix) string { return p.Addr().String() }

func list[K comparable](l live.List[K], text func(K) string) List {
	out := List{Total: l.Total, MostMissing: l.Bound, Keys: []Key{}}
	for _, e := range l.Entries {
		out.Keys = append(out.Keys, key(e, l.Total, text))
	}
	return out
}

func key[K comparable](e heavy.Entry[K], total uint64, text func(K) string) Key {
	return Key{
		Key: text(e.Key), Packets: e.Certain(), Error: e.Error, Dropped: e.Marked,
		Share: float64(e.Certain()) / float64(max(total, 1)),
	}
}
