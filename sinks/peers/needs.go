package peers

import "github.com/pmtud/pmtud/pipeline"

// resolverFiles are what Go's resolver reads, again when they change.
var resolverFiles = []pipeline.File{
	{Path: "/etc/resolv.conf"}, {Path: "/etc/hosts"}, {Path: "/etc/nsswitch.conf"},
}

// Needs is [pipeline.Needer]. Netlink is for the host's own addresses; names are
// looked up over IPv4 and IPv6, whatever the peers' families are.
func (s *Sink) Needs() pipeline.Needs {
	n := pipeline.Needs{Families: []string{"AF_NETLINK", "AF_INET", "AF_INET6"}}
	for _, p := range s.peers {
		n.Hosts = append(n.Hosts, p.String())
		if p.Name != "" {
			n.Files = resolverFiles
		}
	}
	if !s.dryRun {
		n.Capabilities = []string{"CAP_NET_RAW"}
		n.Emits = []string{"packets sent by routing"}
	}
	return n
}
