package hostcheck

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/hostnet"
)

// lookUpTimeout bounds what the resolver may take for one name.
const lookUpTimeout = 5 * time.Second

// peer looks whether there is a route to a host, by name or address.
func (c *checker) peer(host string) []Finding {
	ctx, cancel := context.WithTimeout(c.ctx, lookUpTimeout)
	defer cancel()
	addrs, err := lookUp(ctx, host)
	if err != nil {
		return one(Finding{
			Level: Warning, State: "can't be looked up: " + err.Error(),
			Advice: "pmtud keeps trying; check the name and the resolver",
		})
	}
	var findings []Finding
	for _, addr := range addrs {
		addr = addr.Unmap()
		switch err := route(addr); {
		case err != nil:
			findings = append(findings, Finding{
				Level: Problem, State: fmt.Sprintf("can't be reached at %v: %v", addr, err),
				Advice: "ip route get " + addr.String(),
			})
		default:
			findings = append(findings, Finding{State: fmt.Sprintf("has a route to %v", addr)})
		}
	}
	return findings
}

// lookUp returns the addresses of a host. The resolver would take the zone off an address.
func lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// route asks the kernel for a route, by connecting a UDP socket, which sends
// nothing.
func route(addr netip.Addr) error {
	family, to := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: 9, Addr: addr.As16(), ZoneId: zone(addr)})
	if addr.Is4() {
		family, to = unix.AF_INET, &unix.SockaddrInet4{Port: 9, Addr: addr.As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, to)
}

// noInterface is an index that no interface has.
const noInterface = 1<<31 - 1

// zone returns the index of the interface that a link-local address is on.
func zone(addr netip.Addr) uint32 {
	if addr.Zone() == "" {
		return 0
	}
	ifi, err := hostnet.Find(addr.Zone())
	if err != nil || ifi == nil {
		return noInterface
	}
	return uint32(ifi.Index)
}
