package capfile

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/nflogmsg"
)

// linkNFLOG is the link type of messages of the kernel's packet log.
const linkNFLOG linklayer.Type = 239

// medium is how the packets of a pcap file, or of one interface in a pcapng file,
// begin and end.
type medium struct {
	link    linklayer.Type
	fcs     uint8 // bytes of the frame check sequence behind each packet
	special bool  // finish has more to do than to set the link type
}

func newMedium(link linklayer.Type, fcs uint8) medium {
	cooked := link == linklayer.SLL || link == linklayer.SLL2
	return medium{link: link, fcs: fcs, special: cooked || !link.Decoded()}
}

// finish makes p what a host would have captured, once its fields have been read: it
// is number n of the batch, and ends with so many bytes of a frame check sequence.
func (m *medium) finish(p *pipeline.Packet, n int, fcs uint8, o byteOrder, odd *oddities) {
	p.LinkType = m.link
	if fcs > 0 {
		cutEnd(p, int(fcs))
	}
	if !m.special {
		return
	}
	switch {
	case m.link == linkNFLOG:
		if !fromNFLOG(p, o) {
			odd.message(n)
		}
	case !m.link.Decoded():
		odd.linkType(n, m.link)
	default:
		p.DecodeType()
	}
}

// cutEnd takes n bytes off the packet's end, which the capture may lack. A packet
// that is shorter keeps its bytes.
func cutEnd(p *pipeline.Packet, n int) {
	if n > p.Length {
		return
	}
	p.Length -= n
	p.Data = p.Data[:min(len(p.Data), p.Length)]
}

// fromNFLOG makes p the packet that the message in it is about, as the source nflog
// would deliver it, and reports false if the message is damaged. Its time stamp
// remains that of the file.
func fromNFLOG(p *pipeline.Packet, o byteOrder) bool {
	missing, packet := p.Length-len(p.Data), *p
	r := nflogmsg.Record{Swapped: o.big != bigHost, Cut: missing > 0}
	if !r.Parse(p.Data) {
		return false
	}
	r.Fill(p, p.Time)
	p.Time = packet.Time
	p.Length = max(p.Length, len(p.Data)+missing)
	if p.Type == linklayer.TypeUnknown {
		p.Type = packet.Type
	}
	return true
}

// bigHost reports whether this host is big-endian.
var bigHost = binary.NativeEndian.Uint16([]byte{0, 1}) == 1
