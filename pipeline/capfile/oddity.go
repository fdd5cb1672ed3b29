package capfile

import (
	"fmt"
	"slices"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// oddities warns of what is odd about a file's packets, once of each kind.
type oddities struct {
	warn func(n int, text string) // n is the packet's number in the batch; may be nil

	time, nflog bool
	links       []linklayer.Type
}

// maxOddLinks is the number of link types of a file that are warned of.
const maxOddLinks = 16

func (o *oddities) linkType(n int, link linklayer.Type) {
	if len(o.links) == maxOddLinks || slices.Contains(o.links, link) {
		return
	}
	o.links = append(o.links, link)
	o.tell(n, fmt.Sprintf("link type %v is not supported, so no message is found in its packets", link))
}

func (o *oddities) message(n int) {
	if !o.nflog {
		o.nflog = true
		o.tell(n, fmt.Sprintf("the message of link type %v is damaged, so no packet is found in it", linkNFLOG))
	}
}

func (o *oddities) timeStamp(n int, clamped pipeline.Instant) {
	if !o.time {
		o.time = true
		o.tell(n, "the timestamp is not between the years 1823 and 2116, and is read as "+clamped.Time().Format("2006-01-02"))
	}
}

func (o *oddities) tell(n int, text string) {
	if o.warn != nil {
		o.warn(n, text)
	}
}
