package peerlist

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pmtud/pmtud/pipeline/setting"
)

// Address is a peer as it is listed: an address or a host name, the other one is
// zero.
type Address struct {
	IP   netip.Addr
	Name string
}

// Pattern returns a regular expression that all texts of addresses match.
func (Address) Pattern() string { return `^[0-9A-Za-z._:-]+(%[^/: ]{1,15})?$` }

// UnmarshalText reads an IPv4 or IPv6 unicast address or a host name. A link-local IPv6
// address needs a zone: the name of the interface that it is on.
func (a *Address) UnmarshalText(text []byte) error {
	s := string(text)
	if ip, err := netip.ParseAddr(s); err == nil {
		ip = ip.Unmap()
		if why := unusable(ip); why != "" {
			return fmt.Errorf("%q %s; write a peer's own unicast address", s, why)
		}
		*a = Address{IP: ip}
		return nil
	}
	if !isHostName(s) {
		return fmt.Errorf("%q is neither an IPv4 or IPv6 address nor a host name", s)
	}
	*a = Address{Name: strings.ToLower(s)}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// String returns the address or the name.
func (a Address) String() string {
	if a.Name != "" {
		return a.Name
	}
	return a.IP.String()
}

// unusable says why an address can't be a peer's, or nothing.
func unusable(ip netip.Addr) string {
	switch {
	case ip.IsUnspecified():
		return "stands for no host"
	case ip.IsMulticast():
		return "is a multicast address"
	case ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "is the broadcast address"
	case ip.Is6() && ip.IsLinkLocalUnicast() != (ip.Zone() != ""):
		return zoneMistake(ip)
	case setting.InterfaceName(ip.Zone()).Check() != nil:
		return "has a zone that is not the name of an interface"
	}
	return ""
}

func zoneMistake(ip netip.Addr) string {
	if ip.Zone() == "" {
		return "is link-local and needs an interface such as " + ip.String() + "%eth0"
	}
	return "has a zone, which only link-local addresses have"
}

// isHostName reports whether s is a host name (RFC 1123, section 2.1, and the
// underscores that people use) and no number such as the mistyped 192.0.2.
func isHostName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 253 {
		return false
	}
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return false
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}
