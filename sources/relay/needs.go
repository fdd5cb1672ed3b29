package relay

import (
	"net"
	"strconv"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// Needs is [pipeline.HostUser].
func (s *source) Needs() pipeline.Needs {
	n := pipeline.Needs{
		Families:  []string{"AF_INET", "AF_INET6"},
		Exclusive: []string{"UDP address " + s.Listen},
	}
	if strings.Contains(s.Listen, "%") {
		n.Families = append(n.Families, "AF_NETLINK") // to find the interface
	}
	if s.isPrivileged() {
		n.Capabilities = []string{"CAP_NET_BIND_SERVICE"}
	}
	return n
}

// isPrivileged reports whether the port is one that needs a capability.
func (s *source) isPrivileged() bool {
	_, port, _ := net.SplitHostPort(s.Listen)
	n, err := strconv.Atoi(port)
	return err == nil && n < 1024
}
