package broadcast

import "github.com/pmtud/pmtud/pipeline"

// Needs is [pipeline.Needer]. A dry run opens its socket too.
func (s *sink) Needs() pipeline.Needs {
	n := pipeline.Needs{
		Interfaces:   []pipeline.Interface{{Name: string(s.Interface)}},
		Capabilities: []string{"CAP_NET_RAW"},
		Families:     []string{"AF_PACKET"},
	}
	if !s.DryRun {
		n.Emits = []string{"frames sent on " + string(s.Interface)}
	}
	n.Warnings = s.warnings()
	return n
}

func (s *sink) warnings() (all []pipeline.Warning) {
	if s.AnyPacket {
		all = append(all, pipeline.Warning{
			Setting: "any_packet", Text: "sends every frame that gets here to all hosts of the LAN, not PTBs alone",
		})
	}
	if s.SourceMAC == CapturedSource {
		all = append(all, pipeline.Warning{
			Setting: "source_mac", Text: "makes bridges of the LAN take this host for the router, until that sends something itself",
		})
	}
	return all
}
