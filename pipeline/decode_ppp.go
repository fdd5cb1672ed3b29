package pipeline

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Numbers of PPP's protocols (IANA, ppp-numbers).
const (
	pppIPv4 = 0x0021
	pppIPv6 = 0x0057
)

// Header lengths in bytes.
const (
	hdlcLen  = 2 // PPP's address and control
	ciscoLen = 4 // with the EtherType
	pppoeLen = 6
)

// decodeHDLC reads PPP that may be captured with or without HDLC's address and
// control, and Cisco's framing with an EtherType in place of PPP's protocol (RFC
// 1547, section 4.3.1).
func (p *Packet) decodeHDLC() {
	b := p.Data
	switch {
	case len(b) < 2:
	case b[0] == 0xff && b[1] == 3:
		p.decodePPP(hdlcLen)
	case p.LinkType == linklayer.PPPHDLC && (b[0] == 0x0f || b[0] == 0x8f) && b[1] == 0:
		p.decodeEtherType(2, ciscoLen)
	default:
		p.decodePPP(0)
	}
}

// decodePPP reads PPP's protocol field at offset off (RFC 1661, section 2), which may
// be compressed to one byte.
func (p *Packet) decodePPP(off int) {
	b := p.Data[off:]
	if len(b) < 2 {
		return
	}
	protocol, n := binary.BigEndian.Uint16(b), 2
	if b[0]&1 != 0 {
		protocol, n = uint16(b[0]), 1
	}
	switch protocol {
	case pppIPv4:
		p.EtherType = linklayer.EtherTypeIPv4
	case pppIPv6:
		p.EtherType = linklayer.EtherTypeIPv6
	default:
		return
	}
	p.Network = off + n
}

// decodePPPoE reads the header of a PPPoE session (RFC 2516, section 4). The packets
// of its discovery carry no PPP.
func (p *Packet) decodePPPoE() {
	const versionAndType, session = 0x11, 0
	if len(p.Data) >= pppoeLen && p.Data[0] == versionAndType && p.Data[1] == session {
		p.decodePPP(pppoeLen)
	}
}
