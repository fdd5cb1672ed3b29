package lab

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/nat"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// Backend says what answers at the VIP.
type Backend int

// Backends.
const (
	// OnServer is a socket of the server itself, which has the VIP on lo.
	OnServer Backend = iota
	// InContainer is a container of the server, behind destination NAT. The VIP is
	// nobody's address.
	InContainer
	// InOtherContainer is the container of the next server in the same LAN, behind
	// destination NAT and masquerading.
	InOtherContainer
)

// pod is a server's interface to its container.
const pod = "pod0"

func (b Backend) maxServers() int {
	if b == OnServer {
		return math.MaxInt
	}
	return maxContainers
}

func (b Backend) maxSubnets() int {
	if b == InOtherContainer {
		return 1
	}
	return maxSubnets
}

// addService sets what answers at the VIP.
func (n *Network) addService() error {
	if n.Config.Backend == OnServer {
		return n.addAddress()
	}
	for i := range n.Servers {
		if err := n.addContainer(i); err != nil {
			return err
		}
	}
	for i := range n.Servers {
		if err := n.publish(i); err != nil {
			return err
		}
	}
	return nil
}

// addAddress gives the servers the VIP.
func (n *Network) addAddress() error {
	for _, s := range n.Servers {
		s.Service = Endpoint{s.NS, n.VIP}
		if err := s.NS.Addr("lo", n.Config.Family.vip().String()); err != nil {
			return err
		}
	}
	return nil
}

// addContainer makes the container of server i.
func (n *Network) addContainer(i int) error {
	server, network := n.Servers[i].NS, n.Config.plan().container(i)
	outside, inside := host(network, 1), host(network, 2)
	ns, err := newMachine(fmt.Sprint("container", i), hostSettings)
	if err != nil {
		return err
	}
	n.Containers = append(n.Containers, Endpoint{ns, inside.Addr()})
	return cmp.Or(
		netns.Veth(ns, Interface, server, pod),
		server.Addr(pod, outside.String()),
		ns.Addr(Interface, inside.String()),
		ns.Route(n.Config.Family.anywhere().String(), outside.Addr().String()),
	)
}

// publish has server i send connections to the VIP to the backend.
func (n *Network) publish(i int) error {
	s := n.Servers[i]
	s.Service = n.Containers[i]
	elsewhere := n.Config.Backend == InOtherContainer
	if elsewhere {
		next := (i + 1) % len(n.Servers)
		s.Service = n.Containers[next]
		if err := s.NS.Route(n.Config.plan().container(next).String(), n.Servers[next].Addr.String()); err != nil {
			return err
		}
	}
	err := nat.Publish(s.NS, nat.Service{
		Address:    netip.AddrPortFrom(n.VIP, port),
		Backend:    netip.AddrPortFrom(s.Service.Addr, port),
		Masquerade: elsewhere,
	})
	if err != nil || !n.Config.IngressPlane {
		return err
	}
	return addIngressPlane(s.NS, n.VIP)
}
