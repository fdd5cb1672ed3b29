package lab

import (
	"cmp"
	"fmt"
	"time"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// Config says what to build and what to do in it. The zero value of a field
// stands for the default named with it.
type Config struct {
	// Family is IPv4 (default) or IPv6.
	Family Family
	// Site is the number of the site, 0 or 1, where there are two ([RunSites]).
	Site int
	// Servers is the number of servers behind the router (3).
	Servers int
	// Subnets is the number of LANs that the servers are spread over (1).
	Subnets int
	// Clients is the number of client addresses behind the low-MTU hop (1).
	Clients int
	// MTU is that of the hop's link to the clients (1400). With a tunnel it is the tunnel's own.
	MTU int
	// Tunnel has the hop reach the clients over a tunnel to a router of theirs (none).
	Tunnel netns.TunnelKind
	// Backend is what answers at the VIP ([OnServer]).
	Backend Backend
	// IngressPlane has each server forward to its container only what a program at the
	// ingress of [Interface] let in, as eBPF data planes do (off).
	IngressPlane bool
	// StrictRPFilter has servers drop packets whose source they would answer by another
	// interface (off).
	StrictRPFilter bool
	// GSO leaves segmentation offload on, which is several times as fast: the hop
	// then forwards several segments in one, and PTBs are about those: three for
	// each connection instead of ten (off).
	GSO bool

	// Connections is the number of downloads made at the same time, each from
	// its own port, the clients taking turns (40).
	Connections int
	// Bytes is the length of a download (500000).
	Bytes int
	// Stall is how long a download that makes no progress is waited for before
	// it counts as hung. It must exceed the gaps of TCP's retransmission timer,
	// which double: a segment sent again 3.0 s after the loss comes next at
	// 6.2 s (10 s).
	Stall time.Duration

	// Pmtud is the path of the pmtud program.
	Pmtud string
	// Arguments returns pmtud's command line on a server, such as
	// [OnLAN] gives.
	Arguments func(*Network, *Server) []string
	// Configuration returns the text of pmtud's configuration file on a server, such as
	// [Relaying] gives, for a command line that runs it. With neither this nor Arguments
	// it is an experiment without pmtud.
	Configuration func(*Network, *Server) (string, error)
	// Prepare, if not nil, is called for each server before pmtud starts there,
	// for netfilter rules or configuration files.
	Prepare func(*Network, *Server) error
}

// OnLAN returns a [Config.Arguments] that makes pmtud listen and broadcast on
// each server's LAN interface, with further options.
func OnLAN(options ...string) func(*Network, *Server) []string {
	return func(*Network, *Server) []string {
		return append([]string{"--iface", Interface}, options...)
	}
}

// withPmtud reports whether pmtud takes part.
func (c Config) withPmtud() bool { return c.Arguments != nil || c.Configuration != nil }

// withDefaults returns the configuration with every default filled in, or an
// error when the address plan has no room for it.
func (c Config) withDefaults() (Config, error) {
	c.Family = cmp.Or(c.Family, IPv4)
	c.Servers = cmp.Or(c.Servers, 3)
	c.Subnets = cmp.Or(c.Subnets, 1)
	c.Clients = cmp.Or(c.Clients, 1)
	c.MTU = cmp.Or(c.MTU, 1400)
	c.Connections = cmp.Or(c.Connections, 40)
	c.Bytes = cmp.Or(c.Bytes, 500_000)
	c.Stall = cmp.Or(c.Stall, 10*time.Second)
	for _, limit := range []struct {
		name     string
		got, max int
	}{
		{"clients", c.Clients, maxClients},
		{"connections", c.Connections, maxConnections * c.Clients},
		{"subnets", c.Subnets, maxSubnets},
		{"servers", c.Servers, c.Subnets * maxServersPerSubnet},
		{"servers", c.Servers, c.Backend.maxServers()},
		{"subnets", c.Subnets, c.Backend.maxSubnets()},
	} {
		if limit.got < 1 || limit.got > limit.max {
			return c, fmt.Errorf("plan network: %d %s, want 1 to %d", limit.got, limit.name, limit.max)
		}
	}
	return c, nil
}
