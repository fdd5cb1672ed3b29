package inject

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Needs is [pipeline.HostUser]. Only to make the device takes CAP_NET_ADMIN, also to repair and to
// remove it later.
func (s *sink) Needs() pipeline.Needs {
	if s.Settings.DryRun {
		return pipeline.Needs{}
	}
	n := pipeline.Needs{
		Capabilities: []string{"CAP_NET_RAW"},
		Families:     []string{"AF_PACKET", "AF_NETLINK"},
	}
	if s.Create {
		n.Capabilities = append(n.Capabilities, "CAP_NET_ADMIN")
		n.Families = append(n.Families, "AF_UNIX") // of the claim
		n.Exclusive = []string{"device " + string(s.Device)}
	}
	if mark := s.mark(); mark != 0 {
		n.Exclusive = append(n.Exclusive, fmt.Sprintf("mark %d", mark))
	}
	if s.AsFrom != "" {
		n.Interfaces = []string{string(s.AsFrom)}
	}
	return n
}
