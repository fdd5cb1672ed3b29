package hearing

import (
	"net/netip"
	"slices"

	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/hostnet"
)

// ownAddresses returns the addresses by which others may know this host. Those of its networks come first:
// addresses that all servers share are mostly alone in their prefix.
func ownAddresses() (all []netip.Addr) {
	prefixes, err := hostnet.Addresses("")
	if err != nil {
		return nil // the others go by the name then
	}
	slices.SortStableFunc(prefixes, func(a, b netip.Prefix) int {
		switch {
		case a.IsSingleIP() == b.IsSingleIP():
			return 0
		case a.IsSingleIP():
			return 1
		}
		return -1
	})
	for _, p := range prefixes {
		a := p.Addr()
		if a.IsGlobalUnicast() && !slices.Contains(all, a) && len(all) < canary.MaxAddresses {
			all = append(all, a)
		}
	}
	return all
}
