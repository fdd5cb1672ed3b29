package pcap

import (
	"errors"
	"os"
	"time"

	"github.com/pmtud/pmtud/pipeline"
)

// ringBlocks is the number of blocks of a ring. The kernel begins a new one after
// the latency even if the old one is not full, so that so many times the latency is
// what the program may be late without losing packets.
const ringBlocks = 16

// Limits of settings.
const (
	maxSnaplen  = 256 << 10
	maxRingSize = 1 << 30
	minLatency  = time.Millisecond
	maxLatency  = time.Second
)

// blockOverhead is more than what the kernel writes into a block before the first
// packet's octets.
const blockOverhead = 256

// Settings of the source.
type Settings struct {
	// Interface may be down, but must be there when the source is opened.
	Interface string `setting:"interface" required:"true" doc:"name of the interface to capture from"`

	Direction   Direction     `setting:"direction" doc:"in, out or both, as seen from this host"`
	Promiscuous bool          `setting:"promiscuous" doc:"capture what is addressed to other hosts too"`
	Snaplen     int           `setting:"snaplen" doc:"octets of each packet that are captured, 1 to 262144"`
	RingSize    pipeline.Size `setting:"ring_size" doc:"memory for packets that were not read yet, in octets or with a unit such as 4MiB"`

	// Latency is how long the kernel waits for more packets than there are: half
	// of it is what a single packet waits. The kernel looks at the ring that
	// often, even if nothing comes: 1ms is a thousand timer interrupts a second.
	// It is a thousand wake-ups a second too while there is traffic, but not much
	// of it; from 8 packets a millisecond on, the source looks every 4 ms. Full
	// blocks are handed over at once.
	Latency time.Duration `setting:"latency" doc:"longest wait of a packet in the ring, in whole milliseconds from 1ms to 1s"`
}

// Plugin returns the source `pcap`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSource(pipeline.SourcePlugin[Settings]{
		Type:    "pcap",
		Summary: "captures from an interface; needs CAP_NET_RAW, but no libpcap",
		Defaults: Settings{
			Direction: In,
			Snaplen:   2048,
			RingSize:  4 << 20,
			Latency:   time.Millisecond,
		},
		New: New,
	})
}

// New returns the source, a [pipeline.LossySource] and [pipeline.Reshaper]. The
// interface is one of the network namespace of the thread that opens it.
func New(s Settings, env pipeline.Env) (pipeline.Source, error) {
	var errs []error
	if s.Interface == "" {
		errs = append(errs, pipeline.BadSetting("interface", "is empty"))
	}
	if s.Snaplen < 1 || s.Snaplen > maxSnaplen {
		errs = append(errs, pipeline.BadSetting("snaplen", "%d is not between 1 and %d", s.Snaplen, maxSnaplen))
	} else if least := leastRingSize(s.Snaplen); s.RingSize < least || s.RingSize > maxRingSize {
		errs = append(errs, pipeline.BadSetting("ring_size", "%v is not between %v (for a snaplen of %d) and %v", s.RingSize, least, s.Snaplen, pipeline.Size(maxRingSize)))
	}
	if s.Latency < minLatency || s.Latency > maxLatency || s.Latency%time.Millisecond != 0 {
		errs = append(errs, pipeline.BadSetting("latency", "%v is not a number of milliseconds between %v and %v", s.Latency, minLatency, maxLatency))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return newSource(s, env), nil
}

// blockSize returns the size of one block, in whole pages.
func (s Settings) blockSize() int { return roundUp(int(s.RingSize)/ringBlocks, os.Getpagesize()) }

// leastRingSize is the size at which a block has room for one packet.
func leastRingSize(snaplen int) pipeline.Size {
	return pipeline.Size(ringBlocks * roundUp(snaplen+blockOverhead, os.Getpagesize()))
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// reshape is [pipeline.Reshaper] for the source: it cuts p to the snaplen, and
// leaves out what the direction excludes as far as the capture tells it.
func (s Settings) reshape(p *pipeline.Packet) bool {
	if len(p.Data) > s.Snaplen {
		p.Data = p.Data[:s.Snaplen]
	}
	switch p.Type {
	case pipeline.TypeUnknown:
		return true
	case pipeline.TypeOutgoing:
		return s.Direction != In
	case pipeline.TypeOtherHost:
		return s.Direction != Out && s.Promiscuous
	}
	return s.Direction != Out
}
