package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// Sites are two clusters with one VIP. The low-MTU hop of each one's clients reaches the other
// one: the PTBs about a site's connections arrive at the wrong site.
//
//	                                     site 0
//	clients0 ──────────────────────────── router0 ── LAN: 3 servers, a NATS server
//	   └──── MTU 1400 ── hop0 ────────────┘   │
//	                       └─────────────┐    │ link between the sites
//	                       ┌─────────────│────┤ (leaf node)
//	   ┌──── MTU 1400 ── hop1 ───────────┴─ router1 ── LAN: 3 servers, a NATS server
//	clients1 ────────────────────────────────┘
//	                                     site 1
//
// What clients send goes to the router of their own site. What that sends them goes over the
// hop, whose own route to the VIP leads to the other site.
type Sites struct {
	// Of is each site's network.
	Of [sites]*Network

	config SitesConfig
	hosts  [sites]*netns.NS // of the NATS servers
	nats   [sites]NATS
}

// NATS is a running NATS server.
type NATS interface {
	// Kill ends it at once.
	Kill() error
}

// SitesConfig says what to build. The Site and the Clients of Config are ignored.
type SitesConfig struct {
	Config
	// StartNATS starts a NATS server with a configuration file by means of start, and returns
	// when it is ready. The environment has what the file needs.
	StartNATS func(config string, environment []string, start func(*exec.Cmd) error) (NATS, error)
}

// BuildSites makes both networks and what joins them, with nothing running in it yet.
func BuildSites(config SitesConfig) (*Sites, error) {
	s := &Sites{config: config}
	var err error
	for i := range s.Of {
		c := config.Config
		c.Site, c.Clients = i, phases
		c.Configuration = natsConfiguration
		if s.Of[i], err = Build(c); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	if err := s.join(); err != nil {
		return nil, errors.Join(fmt.Errorf("join sites: %w", err), s.Close())
	}
	return s, nil
}

// Close ends the NATS servers and removes everything.
func (s *Sites) Close() error {
	var errs []error
	for i := range s.Of {
		errs = append(errs, s.killNATS(i))
		if s.hosts[i] != nil {
			errs = append(errs, s.hosts[i].Close())
		}
		if s.Of[i] != nil {
			errs = append(errs, s.Of[i].Close())
		}
	}
	return errors.Join(errs...)
}

func (s *Sites) join() error {
	between := s.Of[0].Config.plan().between()
	if err := cmp.Or(
		netns.Veth(s.Of[0].Router, betweenSites, s.Of[1].Router, betweenSites),
		s.Of[0].Router.Addr(betweenSites, host(between, 1).String()),
		s.Of[1].Router.Addr(betweenSites, host(between, 2).String()),
	); err != nil {
		return err
	}
	for i := range s.Of {
		if err := cmp.Or(s.connectUp(i), s.connectOther(i), s.addNATSHost(i)); err != nil {
			return err
		}
	}
	return nil
}

// betweenSites is the routers' interface to each other.
const betweenSites = "between"

// connectUp has what the clients of site i send go to its router, past the hop.
func (s *Sites) connectUp(i int) error {
	n := s.Of[i]
	uplink, anywhere := n.Config.plan().uplink(), n.Config.Family.anywhere().String()
	return cmp.Or(
		netns.Veth(n.Clients, "up", n.Router, "clients"),
		n.Router.Addr("clients", host(uplink, 1).String()),
		n.Clients.Addr("up", host(uplink, 2).String()),
		n.Clients.DelRoute(anywhere),
		n.Clients.Route(anywhere, host(uplink, 1).Addr().String()),
	)
}

// connectOther has the PTBs of site i's hop go to the other site.
func (s *Sites) connectOther(i int) error {
	n, other := s.Of[i], s.Of[1-i]
	toOther := n.Config.plan().toOther()
	return cmp.Or(
		netns.Veth(n.Hop, "other", other.Router, "hop"),
		other.Router.Addr("hop", host(toOther, 1).String()),
		n.Hop.Addr("other", host(toOther, 2).String()),
		s.Misroute(i, true),
		// For the NATS servers, and for messages that a server sends back to the hop.
		n.Router.Route(other.Config.plan().lan(0).String(), host(n.Config.plan().between(), 2-i).Addr().String()),
	)
}

// Misroute has the PTBs of site i's hop go to the other site, or to its own.
func (s *Sites) Misroute(i int, wrong bool) error {
	n := s.Of[i]
	vip, gateway := n.Config.Family.vip().String(), host(n.Config.plan().transit(), 2)
	if wrong {
		gateway = host(n.Config.plan().toOther(), 1)
	} else if err := n.Hop.DelRoute(vip); err != nil {
		return err
	}
	return n.Hop.Route(vip, gateway.Addr().String())
}

// Part takes the link between the sites down. Routing notices: the PTBs then arrive at the right
// site.
func (s *Sites) Part() error {
	return cmp.Or(s.Of[0].Router.Down(betweenSites), s.Misroute(0, false), s.Misroute(1, false))
}

// natsHost is the number of the NATS server's address in its LAN.
const natsHost = 20

// addNATSHost makes the machine of site i's NATS server, in its LAN.
func (s *Sites) addNATSHost(i int) error {
	n := s.Of[i]
	network := n.Config.plan().lan(0)
	ns, err := newMachine(fmt.Sprint("nats", i), hostSettings)
	if err != nil {
		return err
	}
	s.hosts[i] = ns
	return cmp.Or(
		netns.Veth(ns, Interface, n.LANs[0], "nats"),
		n.LANs[0].Plug(bridge, "nats"),
		ns.Addr(Interface, host(network, natsHost).String()),
		ns.Route(n.Config.Family.anywhere().String(), host(network, 1).Addr().String()),
	)
}

// startNATS starts the NATS server of site i: that of site 0 is the hub, the other one its leaf.
func (s *Sites) startNATS(ctx context.Context, i int) (err error) {
	name := [sites]string{"hub.conf", "leaf.conf"}[i]
	path := filepath.Join(s.Of[i].dir, name)
	if err := writeNATSFiles(s.Of[i].dir); err != nil {
		return err
	}
	start := func(c *exec.Cmd) error { return s.hosts[i].Start(c) }
	hub := host(s.Of[0].Config.plan().lan(0), natsHost).Addr()
	if s.nats[i], err = s.config.StartNATS(path, natsEnvironment(hub), start); err != nil {
		return fmt.Errorf("site %d: %w", i, err)
	}
	return ctx.Err()
}

func (s *Sites) killNATS(i int) error {
	if s.nats[i] == nil {
		return nil
	}
	err := s.nats[i].Kill()
	s.nats[i] = nil
	return err
}
