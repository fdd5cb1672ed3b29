package broadcast

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// macLen is the length of a hardware address in bytes.
const macLen = 6

// framer makes frames of packets, in a buffer that is used again.
type framer struct {
	source SourceMAC
	any    bool         // also of packets that are no PTBs
	live   bool         // there is an interface
	mac    [macLen]byte // of the interface
	buf    []byte
}

// frame returns the frame to send for p, valid until the next call, or why there is
// none. The packet's padding goes with it.
func (f *framer) frame(p *pipeline.Packet) ([]byte, pipeline.Reason) {
	switch {
	case p.PTB == 0 && !f.any:
		return nil, NotPTB
	case p.Broadcast():
		return nil, AlreadyBroadcast
	case p.Truncated():
		return nil, Truncated
	case p.LinkType == linklayer.Ethernet:
		return f.fromEthernet(p)
	}
	return f.fromIP(p)
}

func (f *framer) fromEthernet(p *pipeline.Packet) ([]byte, pipeline.Reason) {
	if len(p.Data) < wire.EthernetLen {
		return nil, NoFrame
	}
	f.begin(f.sourceFor(p.Data))
	f.buf = append(f.buf, p.Data[2*macLen:]...)
	return f.buf, pipeline.Pass
}

// sourceFor returns the source address for a captured frame. A frame that was sent to
// another host, as promiscuous captures hold, must not give that host's address: bridges
// would learn it on this host's port. A group's is none that a frame may come from.
func (f *framer) sourceFor(frame []byte) [macLen]byte {
	switch {
	case f.source == CapturedDestination && !f.live:
		return [macLen]byte(frame)
	case f.source == CapturedSource && frame[macLen]&1 == 0:
		return [macLen]byte(frame[macLen:])
	}
	return f.mac
}

// fromIP makes a header for a packet that was captured with another one, or none.
func (f *framer) fromIP(p *pipeline.Packet) ([]byte, pipeline.Reason) {
	isIP := p.EtherType == linklayer.EtherTypeIPv4 || p.EtherType == linklayer.EtherTypeIPv6
	if p.Network < 0 || p.Network >= len(p.Data) || !isIP {
		return nil, NoFrame
	}
	first, from := p.EtherType, p.Network
	if p.Tag != 0 {
		first, from = p.Tag, p.Network-wire.VLANTagLen
	}
	f.begin(f.mac)
	f.buf = binary.BigEndian.AppendUint16(f.buf, first)
	f.buf = append(f.buf, p.Data[from:]...)
	return f.buf, pipeline.Pass
}

func (f *framer) begin(source [macLen]byte) {
	f.buf = append(f.buf[:0], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	f.buf = append(f.buf, source[:]...)
}
