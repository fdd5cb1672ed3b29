package hostcheck

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Look returns what this host shows. It needs no privileges; what takes some is in
// [Survey.Unseen] otherwise.
func Look() (*Survey, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	s := &Survey{}
	for _, i := range all {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagLoopback == 0 {
			s.Interfaces = append(s.Interfaces, i)
		}
	}
	if err := s.routes(); err != nil {
		return nil, fmt.Errorf("list routes: %w", err)
	}
	for _, p := range dataPlanes() {
		s.DataPlanes = append(s.DataPlanes, DataPlane{p.name, p.state, p.advice})
	}
	s.nat()
	return s, nil
}

// routes looks for default routes.
func (s *Survey) routes() error {
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		routes, err := netlink.RouteList(nil, family)
		if err != nil {
			return err
		}
		for _, r := range routes {
			if r.Type != unix.RTN_UNICAST || r.Dst != nil && !r.Dst.IP.IsUnspecified() {
				continue
			}
			indices := []int{r.LinkIndex}
			for _, hop := range r.MultiPath {
				indices = append(indices, hop.LinkIndex)
			}
			for _, i := range s.Interfaces {
				if slices.Contains(indices, i.Index) && !slices.Contains(s.Default, i.Name) {
					s.Default = append(s.Default, i.Name)
				}
			}
		}
	}
	return nil
}

// nat looks for rules of nftables, also those of iptables-nft, that translate destinations.
func (s *Survey) nat() {
	if names, err := os.ReadFile("/proc/thread-self/net/ip_tables_names"); err == nil && slices.Contains(strings.Fields(string(names)), "nat") {
		s.Unseen = append(s.Unseen, "iptables-legacy rules; `iptables-legacy -t nat -S` prints them")
	}
	err := s.nftables()
	switch {
	case errors.Is(err, unix.EPERM):
		s.Unseen = append(s.Unseen, "firewall rules, and so neither destination NAT nor kube-proxy: run this as root")
	case err != nil:
		s.Unseen = append(s.Unseen, "firewall rules: "+err.Error())
	}
}

func (s *Survey) nftables() error {
	c, err := nftables.New()
	if err != nil {
		return err
	}
	chains, err := c.ListChains()
	if err != nil {
		return err
	}
	for _, chain := range chains {
		rules, err := c.GetRules(chain.Table, chain)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(rules, translates) {
			s.NAT = append(s.NAT, fmt.Sprintf("chain %s in table %s", chain.Name, chain.Table.Name))
		}
	}
	return nil
}

func translates(r *nftables.Rule) bool {
	return slices.ContainsFunc(r.Exprs, func(e expr.Any) bool {
		switch e := e.(type) {
		case *expr.NAT:
			return e.Type == expr.NATTypeDestNAT
		case *expr.Target: // of iptables-nft
			return e.Name == "DNAT"
		}
		return false
	})
}
