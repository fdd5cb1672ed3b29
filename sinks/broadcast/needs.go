package broadcast

import (
	"errors"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Needs is [pipeline.HostUser]. A dry run opens its socket too.
func (s *sink) Needs() pipeline.Needs {
	n := pipeline.Needs{
		Interfaces:   []string{string(s.Interface)},
		Capabilities: []string{"CAP_NET_RAW"},
		Families:     []string{"AF_PACKET"},
	}
	if !s.Settings.DryRun {
		n.Emits = []string{"frames sent on " + string(s.Interface)}
	}
	n.Warnings = s.warnings()
	return n
}

func (s *sink) warnings() (all []setting.Error) {
	if s.AnyPacket {
		all = append(all, setting.Error{
			Setting: "any_packet", Err: errors.New("sends every frame that arrives here to all hosts of the LAN, not only PTBs"),
		})
	}
	if s.SourceMAC == CapturedSource {
		all = append(all, setting.Error{
			Setting: "source_mac", Err: errors.New("makes bridges on the LAN take this host for the router, until the router itself sends something"),
		})
	}
	return all
}
