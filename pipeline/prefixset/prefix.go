// Package prefixset has sets of IP prefixes for the hot path, and the prefixes of
// settings.
package prefixset

import (
	"fmt"
	"net/netip"
)

// Prefix is an IP prefix. A single address stands for itself.
type Prefix struct{ netip.Prefix }

// UnmarshalText reads "192.0.2.0/24", "2001:db8::/32" or an address. IPv4-mapped
// IPv6 addresses stand for the IPv4 addresses that routers have.
func (p *Prefix) UnmarshalText(text []byte) error {
	prefix, err := parsePrefix(string(text))
	if err != nil {
		return err
	}
	if prefix != prefix.Masked() {
		return fmt.Errorf("%q has host bits set; write %v", text, unmap(prefix.Masked()))
	}
	p.Prefix = unmap(prefix)
	return nil
}

// Single returns the prefix that stands for one address.
func Single(addr netip.Addr) Prefix {
	return Prefix{unmap(netip.PrefixFrom(addr, addr.BitLen()))}
}

func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		err = fmt.Errorf("%q is neither an address nor a prefix such as 192.0.2.0/24 or 2001:db8::/32", s)
	}
	return prefix, err
}

// unmap makes an IPv4 prefix of an IPv4-mapped one. Those without host bits have 96 bits or more.
func unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}
