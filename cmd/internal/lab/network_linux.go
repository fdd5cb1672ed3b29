package lab

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// Interface is the name of the one network interface of servers and clients.
const Interface = "eth0"

// bridge is the name of the bridge in a LAN's namespace.
const bridge = "br0"

// Network is the built topology. Close it after use.
type Network struct {
	// Config is what was built, defaults filled in.
	Config Config
	// Clients holds all client addresses.
	Clients *netns.NS
	// Gateway is the clients' router, if there is a tunnel.
	Gateway *netns.NS
	// Hop is the low-MTU router, the source of PTBs.
	Hop *netns.NS
	// Router is the ECMP router.
	Router *netns.NS
	// LANs has one bridge each.
	LANs []*netns.NS
	// Servers are named server0, server1 and so on.
	Servers []*Server
	// Containers has one for each server if the service is in containers.
	Containers []Endpoint
	// VIP is the address that all servers share.
	VIP netip.Addr

	dir string // of configuration files
}

// Server is one machine of the cluster.
type Server struct {
	Name string
	NS   *netns.NS
	// Addr is the server's own address in its LAN.
	Addr netip.Addr
	// MAC is the hardware address of its [Interface].
	MAC net.HardwareAddr
	// LAN is the index of the LAN that it is in.
	LAN int
	// Service is where its connections to the VIP are answered.
	Service Endpoint
}

// Endpoint is an address in a namespace.
type Endpoint struct {
	NS   *netns.NS
	Addr netip.Addr
}

// Build makes the topology, with nothing running in it yet.
func Build(config Config) (*Network, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	n := &Network{Config: config, VIP: config.Family.vip().Addr()}
	if n.dir, err = os.MkdirTemp("", "pmtud-lab-"); err == nil {
		err = n.build()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("build network: %w", err), n.Close())
	}
	return n, nil
}

// Close removes the topology.
func (n *Network) Close() error {
	spaces := append([]*netns.NS{n.Clients, n.Gateway, n.Hop, n.Router}, n.LANs...)
	for _, s := range n.Servers {
		spaces = append(spaces, s.NS)
	}
	for _, c := range n.Containers {
		spaces = append(spaces, c.NS)
	}
	errs := []error{os.RemoveAll(n.dir)}
	for _, ns := range spaces {
		if ns != nil { // Build may have failed half way
			errs = append(errs, ns.Close())
		}
	}
	return errors.Join(errs...)
}

func (n *Network) build() error {
	steps := []func() error{n.addMachines, n.connectClients, n.connectRouter}
	for k := range n.Config.Subnets {
		steps = append(steps, func() error { return n.addLAN(k) })
	}
	for i := range n.Config.Servers {
		steps = append(steps, func() error { return n.addServer(i) })
	}
	for _, step := range append(steps, n.route, n.addService) {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) addMachines() error {
	var errClients, errHop, errRouter error
	n.Clients, errClients = newMachine("clients", hostSettings)
	n.Hop, errHop = newMachine("hop", routerSettings)
	n.Router, errRouter = newMachine("router", routerSettings)
	return cmp.Or(errClients, errHop, errRouter)
}

func (n *Network) connectClients() error {
	link := link(n.clients())
	addresses := []string{host(link, 2).String()}
	for i := range n.Config.Clients - 1 {
		addresses = append(addresses, n.client(1+i).String()+"/"+strconv.Itoa(link.Addr().BitLen()))
	}
	router, port := n.Hop, "down"
	if n.Config.Tunnel != "" {
		if err := n.addTunnel(); err != nil {
			return err
		}
		router, port = n.Gateway, "lan"
	}
	if err := cmp.Or(
		netns.Veth(n.Clients, Interface, router, port),
		router.Addr(port, host(link, 1).String()),
		n.Clients.Addr(Interface, addresses...),
	); err != nil || n.Config.Tunnel != "" {
		return err
	}
	return n.Hop.SetMTU("down", n.Config.MTU)
}

// clients returns the network of the clients.
func (n *Network) clients() netip.Prefix { return n.Config.plan().clients(n.Config.Clients) }

// client returns the address of client i, from 0: on the link to the hop, or behind
// the addresses that the link takes.
func (n *Network) client(i int) netip.Addr {
	if i == 0 {
		return host(n.clients(), 2).Addr()
	}
	return host(n.clients(), linkSize-1+i).Addr()
}

func (n *Network) connectRouter() error {
	network := n.Config.plan().transit()
	if err := cmp.Or(
		netns.Veth(n.Hop, "up", n.Router, "up"),
		n.Hop.Addr("up", host(network, 1).String()),
		n.Router.Addr("up", host(network, 2).String()),
	); err != nil || n.Config.GSO {
		return err
	}
	return n.Router.NoGSO("up") // PTBs quote segments, as behind a real network card
}

func (n *Network) addLAN(k int) error {
	lan, err := netns.New(fmt.Sprint("lan", k))
	if err != nil {
		return err
	}
	n.LANs = append(n.LANs, lan)
	return cmp.Or(
		netns.Veth(n.Router, lan.Name, lan, "router"),
		n.Router.Addr(lan.Name, host(n.Config.plan().lan(k), 1).String()),
		lan.Bridge(bridge, "router"),
	)
}

func (n *Network) addServer(i int) error {
	k := i % n.Config.Subnets
	address := host(n.Config.plan().lan(k), 2+i/n.Config.Subnets)
	s := &Server{Name: fmt.Sprint("server", i), Addr: address.Addr(), LAN: k}
	var err error
	if s.NS, err = newMachine(s.Name, n.Config.serverSettings()); err != nil {
		return err
	}
	n.Servers = append(n.Servers, s)
	lan := n.LANs[k]
	if err := cmp.Or(
		netns.Veth(s.NS, Interface, lan, s.Name),
		lan.Plug(bridge, s.Name),
		s.NS.Addr(Interface, address.String()),
	); err != nil {
		return err
	}
	ifi, err := s.NS.Interface(Interface)
	if err != nil {
		return err
	}
	s.MAC = ifi.HardwareAddr
	// While a router does not know whether a neighbor can be reached, IPv6 chooses another
	// one for packets of the same connection.
	return n.Router.Neighbor(lan.Name, s.Addr, s.MAC)
}

// route adds the routes, last because their gateways must be reachable.
func (n *Network) route() error {
	f := n.Config.plan()
	anywhere := f.anywhere().String()
	var servers []string
	for _, s := range n.Servers {
		servers = append(servers, s.Addr.String())
		if err := s.NS.Route(anywhere, host(f.lan(s.LAN), 1).Addr().String()); err != nil {
			return err
		}
	}
	return cmp.Or(
		n.Clients.Route(anywhere, host(n.clients(), 1).Addr().String()),
		// Over the first of them: the hop is to have one neighbour, since the kernel's
		// table of neighbours is the same for all namespaces and holds 1024.
		n.Hop.Route(n.clients().String(), n.towardsClients()),
		n.Hop.Route(anywhere, host(f.transit(), 2).Addr().String()),
		n.Router.Route(n.clients().String(), host(f.transit(), 1).Addr().String()),
		n.Router.Route(f.vip().String(), servers...),
	)
}
