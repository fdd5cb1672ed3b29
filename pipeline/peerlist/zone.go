package peerlist

import (
	"net/netip"
	"slices"

	"github.com/pmtud/pmtud/pipeline/hostnet"
)

// zoneIndex returns the index of the interface that a zone names, 0 if there is none.
func zoneIndex(addr netip.Addr) int {
	ifi, _ := hostnet.Find(addr.Zone())
	if ifi == nil {
		return 0
	}
	return ifi.Index
}

// isOwnOnZone reports whether the interface that a zone names has the address itself.
func isOwnOnZone(addr netip.Addr) bool {
	own, _ := hostnet.Addresses(addr.Zone())
	return slices.ContainsFunc(own, func(p netip.Prefix) bool { return p.Addr() == addr.WithZone("") })
}
