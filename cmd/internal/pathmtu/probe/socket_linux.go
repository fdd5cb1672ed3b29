package probe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// socket carries one shot and its answer.
type socket struct {
	fd   int
	is6  bool
	echo bool
	sent time.Time
}

// errUnsendable is returned for packets that the interface does not take.
var errUnsendable = errors.New("message too long")

// open returns a socket that is connected to an address and sends packets whole.
func open(to, from netip.Addr, port uint16, s shot) (*socket, error) {
	family, protocol := unix.AF_INET, unix.IPPROTO_UDP
	switch {
	case to.Is6() && s.echo:
		family, protocol = unix.AF_INET6, unix.IPPROTO_ICMPV6
	case to.Is6():
		family = unix.AF_INET6
	case s.echo:
		protocol = unix.IPPROTO_ICMP
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
	if err != nil {
		return nil, fmt.Errorf("open socket: %w", err)
	}
	c := &socket{fd: fd, is6: to.Is6(), echo: s.echo}
	if err := c.setUp(to, from, port, s); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *socket) setUp(to, from netip.Addr, port uint16, s shot) error {
	options := [][3]int{
		{unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE},
		{unix.IPPROTO_IP, unix.IP_RECVERR, 1},
		{unix.IPPROTO_IP, unix.IP_RECVTTL, 1},
		{unix.IPPROTO_IP, unix.IP_TTL, s.ttl},
	}
	if c.is6 {
		options = [][3]int{
			{unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE},
			{unix.IPPROTO_IPV6, unix.IPV6_DONTFRAG, 1},
			{unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1},
			{unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, 1},
			{unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, s.ttl},
		}
	}
	for _, o := range options {
		if err := unix.SetsockoptInt(c.fd, o[0], o[1], o[2]); err != nil {
			return fmt.Errorf("set option %d of a socket: %w", o[1], err)
		}
	}
	return join(c.fd, to, from, port)
}

// join binds a socket to from, if that is valid, and connects it.
func join(fd int, to, from netip.Addr, port uint16) error {
	if from.IsValid() {
		if err := unix.Bind(fd, sockaddr(from, 0)); errors.Is(err, unix.EADDRNOTAVAIL) {
			return fmt.Errorf("send from %v: this host has no such address", from)
		} else if err != nil {
			return fmt.Errorf("send from %v: %w", from, err)
		}
	}
	switch err := unix.Connect(fd, sockaddr(to, port)); {
	case errors.Is(err, unix.EINPROGRESS):
		return nil
	case errors.Is(err, unix.ENETUNREACH):
		return fmt.Errorf("no route to %v: `ip route get %[1]v` says why", to)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("this host has no address from which to reach %v", to)
	case errors.Is(err, unix.EINVAL) && to.Is6() && to.IsLinkLocalUnicast() && to.Zone() == "":
		return fmt.Errorf("%v is link-local: name its interface, as in %[1]v%%eth0", to)
	case err != nil:
		return fmt.Errorf("connect to %v: %w", to, err)
	}
	return nil
}

func sockaddr(addr netip.Addr, port uint16) unix.Sockaddr {
	if addr.Is4() {
		return &unix.SockaddrInet4{Port: int(port), Addr: addr.As4()}
	}
	s := &unix.SockaddrInet6{Port: int(port), Addr: addr.As16()}
	if ifi, err := net.InterfaceByName(addr.Zone()); err == nil {
		s.ZoneId = uint32(ifi.Index)
	}
	return s
}

func (c *socket) close() { _ = unix.Close(c.fd) }

// send sends a packet of a size, headers included. It returns errUnsendable if the interface
// does not take it; then the error queue has its MTU.
func (c *socket) send(size int) error {
	headers := headers4 + headerUDP
	if c.is6 {
		headers = headers6 + headerUDP
	}
	data := make([]byte, max(0, size-headers))
	copy(data, "pmtud probe")
	if c.echo {
		const request4, request6 = 8, 128
		header := [headerUDP]byte{request4}
		if c.is6 {
			header[0] = request6
		}
		data = append(header[:], data...)
	}
	c.sent = time.Now()
	_, err := unix.Write(c.fd, data)
	switch {
	case errors.Is(err, unix.EMSGSIZE):
		return errUnsendable
	case errors.Is(err, unix.ENOBUFS):
		return nil // it is lost at the interface, as it may be further on
	case errors.Is(err, unix.EPERM):
		return errors.New("send: operation not permitted; a firewall rule on this host drops the packet")
	case errors.Is(err, unix.EACCES):
		return errors.New("send: permission denied; it is a broadcast address, or a route prohibits it")
	case err != nil:
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// receive returns an answer if there is one.
func (c *socket) receive() (reply, bool) {
	if r, ok := c.receiveError(); ok {
		return r, true
	}
	buf, oob := make([]byte, 64), make([]byte, 512)
	_, oobn, _, from, err := unix.Recvmsg(c.fd, buf, oob, unix.MSG_DONTWAIT)
	if err != nil {
		return reply{}, false
	}
	return reply{kind: arrived, from: addrOf(from), ttl: answerTTL(oob[:oobn]), after: time.Since(c.sent)}, true
}

// receiveError reads the error queue.
func (c *socket) receiveError() (reply, bool) {
	buf, oob := make([]byte, 64), make([]byte, 512)
	_, oobn, _, _, err := unix.Recvmsg(c.fd, buf, oob, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
	if err != nil {
		return reply{}, false
	}
	r, ok := parseError(oob[:oobn])
	r.ttl, r.after = answerTTL(oob[:oobn]), time.Since(c.sent)
	return r, ok
}

// knownMTU returns what the kernel holds for the path of a connected socket.
func (c *socket) knownMTU() int {
	level, option := unix.IPPROTO_IP, unix.IP_MTU
	if c.is6 {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_MTU
	}
	mtu, err := unix.GetsockoptInt(c.fd, level, option)
	if err != nil {
		return 0
	}
	return mtu
}

func (c *socket) localAddr() netip.Addr {
	addr, err := unix.Getsockname(c.fd)
	if err != nil {
		return netip.Addr{}
	}
	return addrOf(addr)
}

func addrOf(addr unix.Sockaddr) netip.Addr {
	switch addr := addr.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(addr.Addr)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(addr.Addr)
	}
	return netip.Addr{}
}
