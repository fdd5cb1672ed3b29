package pcap

import "github.com/pmtud/pmtud/pipeline"

// Needs is [pipeline.HostUser]. Frames that this host sends are heard with a
// direction other than in.
func (s *source) Needs() pipeline.Needs {
	n := pipeline.Needs{
		Interfaces:   []string{string(s.Interface)},
		Capabilities: []string{"CAP_NET_RAW"},
		Families:     []string{"AF_PACKET"},
	}
	if s.Direction != In {
		n.Hears = []string{"frames sent on " + string(s.Interface), "packets sent by routing"}
	}
	return n
}
