package hostcheck

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// lookUpTimeout bounds what the resolver may take for one name.
const lookUpTimeout = 5 * time.Second

// peer looks whether there is a route to a host, by name or address.
func (c *checker) peer(host string) []Finding {
	ctx, cancel := context.WithTimeout(c.ctx, lookUpTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return one(Finding{
			Level: Warning, State: "can't be looked up: " + err.Error(),
			Advice: "pmtud tries again; look at the name and at the resolver",
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
			findings = append(findings, Finding{State: fmt.Sprintf("has a route at %v", addr)})
		}
	}
	return findings
}

// route asks the kernel for a route, by connecting a UDP socket, which sends
// nothing.
func route(addr netip.Addr) error {
	family, to := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: 9, Addr: addr.As16()})
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
