package vips

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/hostnet"
	"github.com/pmtud/pmtud/pipeline/prefixset"
)

// Open reads the interface's addresses and keeps them up to date.
func (f *filter) Open(context.Context) (err error) {
	if f.from != "" {
		f.watcher, err = hostnet.Watch(f.look, f.log)
	}
	return err
}

// Close ends what Open began.
func (f *filter) Close() error {
	w := f.watcher
	f.watcher = nil
	return w.Close()
}

// Needs returns what Open uses: see [pipeline.HostUser].
func (f *filter) Needs() (n pipeline.Needs) {
	if f.from != "" {
		n.Families = []string{"AF_NETLINK"}
		n.Interfaces = []string{f.from}
	}
	return n
}

// On returns the addresses of the service that stand on an interface: all but loopback
// and link-local ones, sorted.
func On(name string) ([]netip.Addr, error) {
	prefixes, err := hostnet.Addresses(name)
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, p := range prefixes {
		if addr := p.Addr(); !addr.IsLoopback() && !addr.IsLinkLocalUnicast() {
			addrs = append(addrs, addr)
		}
	}
	return addrs, nil
}

func (f *filter) look() error {
	addrs, err := On(f.from)
	if err != nil {
		return err
	}
	now := &addresses{list: addrs}
	var singles []prefixset.Prefix
	for _, addr := range addrs {
		singles = append(singles, prefixset.Single(addr))
	}
	now.set = prefixset.New(singles)
	f.report(f.found.Swap(now), now)
	return nil
}

// Health is [pipeline.HealthChecker]: while nothing can pass.
func (f *filter) Health() error {
	if found := f.found.Load(); found == nil || len(found.list) > 0 || f.listed != nil {
		return nil
	}
	return fmt.Errorf("interface %s has no address of the service, so no message passes", f.from)
}

// report logs what changed; before is nil at first.
func (f *filter) report(before, now *addresses) {
	switch {
	case before != nil && slices.Equal(before.list, now.list):
	case len(now.list) > 0:
		f.log.Info("addresses of the service", "interface", f.from, "addresses", listed(now.list))
	default:
		f.log.Warn("interface has no address of the service, so none of its messages pass", "interface", f.from)
	}
}

// listed returns a list that is short enough for a line of the log.
func listed(addrs []netip.Addr) (texts []string) {
	const most = 16
	for _, addr := range addrs[:min(len(addrs), most)] {
		texts = append(texts, addr.String())
	}
	if len(addrs) > most {
		texts = append(texts, "...")
	}
	return texts
}
