package sandbox

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// dnsPort is for answers that are too large for UDP.
const dnsPort = 53

// resolverFiles are what Go's resolver reads, again when they change.
var resolverFiles = []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"}

// addTCP adds what connections to "host:port" take.
func (p *Plan) addTCP(destination string) error {
	host, port, err := parseDestination(destination)
	if err != nil {
		return fmt.Errorf("TCP destination %q: %w", destination, err)
	}
	p.Connect = with(p.Connect, port)
	if family, ok := familyOf(host); ok {
		p.Streams = with(p.Streams, family)
	} else {
		p.addResolver()
	}
	return nil
}

// addUDP adds what datagrams to "host:port" take.
func (p *Plan) addUDP(destination string) error {
	host, _, err := parseDestination(destination)
	if err != nil {
		return fmt.Errorf("UDP destination %q: %w", destination, err)
	}
	p.SendsUDP = true
	if family, ok := familyOf(host); ok {
		p.Families = with(p.Families, family)
	} else {
		p.addResolver()
	}
	return nil
}

func parseDestination(s string) (host string, port uint16, err error) {
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, err
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 || host == "" {
		return "", 0, fmt.Errorf("want a host and a port from 1 to 65535")
	}
	return host, uint16(n), nil
}

// familyOf returns the address family of an address. A name has none.
func familyOf(host string) (family string, ok bool) {
	addr, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return "", false
	case addr.Unmap().Is4():
		return "AF_INET", true
	}
	return "AF_INET6", true
}

// addResolver adds what looking up names takes: they may have addresses of both families, and
// are asked for over both.
func (p *Plan) addResolver() {
	p.Families = with(p.Families, "AF_INET", "AF_INET6")
	p.Connect = with(p.Connect, dnsPort)
	for _, path := range resolverFiles {
		p.AddFile(path)
	}
}
