package pcap

import (
	"errors"
	"os"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// minBlocks is the least number of blocks of a ring. There are as many as find room, since
// the kernel begins a new one after each latency in which packets came, however few. So
// 3,072 blocks of one page hold a minute of less than 800 packets a second while the
// program is kept from running, and one second of 50,000 of 140 bytes.
const minBlocks = 4

// blockOverhead is more than what the kernel writes into a block before the first
// packet's bytes.
const blockOverhead = 256

// Settings of the source.
type Settings struct {
	// Interface may be down, but must be there when the source is opened.
	Interface setting.InterfaceName `setting:"interface" required:"true" example:"eth0" doc:"name of the interface to capture from"`

	Direction   Direction    `setting:"direction" enum:"in,out,both" example:"in" doc:"which packets to capture, as seen from this host"`
	Promiscuous bool         `setting:"promiscuous" example:"true" doc:"also capture what is addressed to other hosts"`
	Snaplen     int          `setting:"snaplen" min:"1" max:"262144" example:"2048" doc:"bytes of each packet to capture"`
	RingSize    setting.Size `setting:"ring_size" min:"16KiB" max:"1GiB" example:"32MiB" doc:"memory for packets not yet read, in bytes or with a unit such as 32MiB"`

	// Latency is 0 for packets at once while there are few, from a second socket. A
	// flood is read from the ring alone, where a packet waits for up to 20 ms.
	//
	// Otherwise it is how long the kernel waits for more packets than there are: half
	// of it is what a single packet waits. The kernel looks at the ring that
	// often, even if nothing comes: 1ms is a thousand timer interrupts a second. There is
	// one socket then, whose filter each packet of the interface has to pass.
	//
	// From 8 packets at once on, the source looks at the ring every 4 ms.
	Latency time.Duration `setting:"latency" min:"0s" max:"1s" example:"1ms" doc:"maximum time that a packet waits for others, in whole milliseconds; 0s: none waits while there are few, which takes a second socket"`
}

// Index of the plugin's metrics.
const gateMetric = 0

// Plugin returns the source `pcap`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSource(pipeline.SourcePlugin[Settings]{
		Type:    "pcap",
		Summary: "captures from an interface; needs CAP_NET_RAW, but no libpcap",
		Metrics: []pipeline.MetricInfo{
			gateMetric: {Name: "gate", Doc: "1 if floods are refused in the kernel, 0 if every packet is read"},
		},
		Defaults: Settings{
			Direction: In,
			Snaplen:   2048,
			RingSize:  12 << 20,
		},
		New: New,
	})
}

// New returns the source, a [pipeline.LossySource] and [pipeline.CaptureAdapter]. The
// interface is one of the network namespace of the thread that opens it.
func New(s Settings, env pipeline.Env) (pipeline.Source, error) {
	var errs []error
	if least := leastRingSize(s.Snaplen); s.RingSize < least {
		errs = append(errs, setting.Errorf("ring_size", "must be at least %v for a snaplen of %d, not %v", least, s.Snaplen, s.RingSize))
	}
	if s.Latency%time.Millisecond != 0 {
		errs = append(errs, setting.Errorf("latency", "must be in whole milliseconds, not %v", s.Latency))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return newSource(s, env), nil
}

// ringBlocks returns the number of the ring's blocks and the size of one, in whole
// pages.
func (s Settings) ringBlocks() (n, size int) {
	size = leastBlock(s.Snaplen)
	return int(s.RingSize) / size, size
}

// leastBlock is the size of a block that has room for one packet.
func leastBlock(snaplen int) int { return roundUp(snaplen+blockOverhead, os.Getpagesize()) }

// leastRingSize is the size of the smallest ring.
func leastRingSize(snaplen int) setting.Size { return setting.Size(minBlocks * leastBlock(snaplen)) }

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// Why packets of a capture would not have been captured.
const (
	outgoing  = "outgoing"   // direction in
	incoming  = "incoming"   // direction out
	otherHost = "other-host" // addressed to another host, without promiscuous
)

// reshape is [pipeline.CaptureAdapter] for the source: it cuts p to the snaplen, and
// leaves out what the direction excludes as far as the capture shows it.
func (s *Settings) reshape(p *pipeline.Packet) (absent string) {
	if len(p.Data) > s.Snaplen {
		p.Data = p.Data[:s.Snaplen]
	}
	switch {
	case p.Type == linklayer.TypeUnknown:
	case p.Type == linklayer.TypeOutgoing:
		if s.Direction == In {
			return outgoing
		}
	case s.Direction == Out:
		return incoming
	case p.Type == linklayer.TypeOtherHost && !s.Promiscuous:
		return otherHost
	}
	return ""
}
