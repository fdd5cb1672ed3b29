package pcap

import "github.com/pmtud/pmtud/pipeline"

// Ahead returns how many packets the source has delivered before their copies in the ring. It is
// for the function that the source delivers them to.
func Ahead(s pipeline.Source) int { return len(s.(*source).queue.ahead.packets) }
