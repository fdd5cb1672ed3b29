package nflog

import (
	"fmt"

	"github.com/pmtud/pmtud/pipeline"
)

// Needs is [pipeline.HostUser]. The kernel gives a group to one socket only.
func (s *source) Needs() pipeline.Needs {
	return pipeline.Needs{
		Capabilities: []string{"CAP_NET_ADMIN"},
		Families:     []string{"AF_NETLINK"},
		Netlink:      []string{"NETLINK_NETFILTER"},
		NFLOGGroups:  []uint16{s.Group},
		Exclusive:    []string{fmt.Sprintf("nflog group %d", s.Group)},
	}
}
