package broadcast

import (
	"errors"

	"github.com/pmtud/pmtud/pipeline"
)

var errNotEthernet = errors.New("its packets have no Ethernet header, so there is no broadcast")

// CheckHost is [pipeline.HostChecker]: it tells whether the interface has no broadcasts.
func (s *sink) CheckHost() []pipeline.HostFinding {
	err := s.sender.open()
	if err == nil {
		err = s.sender.close()
	}
	if !errors.Is(err, errNotEthernet) {
		return nil // what else is wrong is found by the sink's needs
	}
	return []pipeline.HostFinding{{
		Subject: "broadcast on " + s.sender.name, State: "is impossible: packets there have no Ethernet header",
		Advice: "use the sink peers or relay", Stops: true,
	}}
}
