// Package nflog has the source `nflog`, which reads the packets that netfilter
// rules log to a group:
//
//	iptables -I INPUT -p icmp -m icmp --icmp-type 3/4 -j NFLOG --nflog-group 33
//	nft add rule inet filter input icmp type destination-unreachable icmp code 4 log group 33
//
// The kernel gathers packets and wakes the reader when it has enough of them.
// Few packets a wake-up cost much time under a flood, many delay a single packet
// until a timer fires. So the source has them one by one while there are few,
// and by the hundred while there are many.
//
// Packets begin with their Ethernet header where the kernel reports a sound one: the
// packet came in by an interface that has them. The VLAN tag that the kernel took
// off a frame is put back where the rule has it (families netdev and bridge).
// All others, of the loopback interface, tunnels and this host itself, begin with
// the IP header.
//
// The kernel numbers the packets of a group, so that the source knows exactly how
// many did not fit into its socket's buffer.
//
// See net/netfilter/nfnetlink_log.c and linux/netfilter/nfnetlink_log.h.
package nflog

import (
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// What the kernel takes as the size of a netlink buffer. It ignores other values
// without a word (nfulnl_set_nlbufsiz).
const (
	minNetlinkBuffer = 4096
	maxNetlinkBuffer = 131072
)

// tick is the unit of the kernel's flush timer.
const tick = 10 * time.Millisecond

// Settings of the source.
type Settings struct {
	// Group is the number that the rules log to. It belongs to one socket at a
	// time.
	Group uint16 `setting:"group" required:"true" example:"33" doc:"number of the netfilter log group"`

	// Threshold is the number of packets that the kernel gathers before it wakes
	// the source. With 1 every packet costs a system call and a wake-up, some
	// 3 microseconds of CPU; with 500 a hundred nanoseconds, but a packet may have
	// to wait for the timeout. Adaptive is 1 up to 5000 packets a second and 500
	// from there on, until the rate is below 2000. A rule's own threshold holds
	// where it is lower.
	Threshold Threshold `setting:"threshold" pattern:"^(adaptive|[0-9]+)$" example:"adaptive" doc:"packets that the kernel gathers before it hands them over, or adaptive: 1 at rest, 500 under load"`

	// Timeout is how long the kernel waits for more packets than there are. It
	// counts in steps of 10 ms, rounded up; 0 is the next timer interrupt, 1 to
	// 10 ms away depending on the kernel. It means nothing at a threshold of 1.
	Timeout time.Duration `setting:"timeout" min:"0s" max:"1h" example:"10ms" doc:"maximum wait for the threshold, in steps of 10ms; 0 means until the next timer interrupt"`

	// BufferSize is the room for what the kernel handed over and the source has
	// not read yet. What finds no room is lost. Without CAP_NET_ADMIN in the
	// initial user namespace it is limited by net.core.rmem_max.
	BufferSize setting.Size `setting:"buffer_size" min:"4KiB" max:"1GiB" example:"8MiB" doc:"receive buffer of the netlink socket, in bytes or with a unit"`

	// NetlinkBuffer is the kernel's buffer in which it gathers packets; full, it
	// is handed over however few they are.
	NetlinkBuffer setting.Size `setting:"netlink_buffer" min:"4KiB" max:"128KiB" example:"64KiB" doc:"buffer in which the kernel gathers packets, in bytes or with a unit"`

	// Snaplen is how much of each packet is copied: at least the IP header's length
	// fields, at most NFULNL_COPY_RANGE_MAX. A rule's own size holds where it is
	// lower.
	Snaplen int `setting:"snaplen" min:"64" max:"65531" example:"2048" doc:"bytes of each packet to deliver, starting at the IP header"`
}

// Plugin returns the source `nflog`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSource(pipeline.SourcePlugin[Settings]{
		Type:    "nflog",
		Summary: "reads packets that netfilter rules log to a group",
		Defaults: Settings{
			Threshold:     Adaptive,
			BufferSize:    8 << 20,
			NetlinkBuffer: maxNetlinkBuffer,
			Snaplen:       2048,
		},
		New: New,
	})
}

// New returns the source, a [pipeline.LossySource] and [pipeline.CaptureAdapter]. It needs CAP_NET_ADMIN in the
// user namespace of its network namespace, which is that of the thread that opens
// it.
func New(s Settings, env pipeline.Env) (pipeline.Source, error) {
	return newSource(s, env), nil
}

// reshape is [pipeline.CaptureAdapter] for the source: it cuts p to the snaplen. Which
// packets the rules log is not known.
func (s *Settings) reshape(p *pipeline.Packet) (absent string) {
	p.Decode()
	p.Data = p.Data[:min(len(p.Data), max(p.Network, 0)+s.Snaplen)]
	return ""
}
