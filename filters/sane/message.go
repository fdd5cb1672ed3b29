package sane

import (
	"net/netip"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// message is a packet as the checks see it. A part that the capture lacks stays zero,
// and the checks that ask for it find nothing wrong.
type message struct {
	host *host // nil while nothing is known

	version   uint8  // the IP version that the link layer announces; 0: not IP
	misnamed  bool   // the header claims another version
	ip        []byte // from the IP header to the end of the message or of the capture
	onWire    int    // bytes from the IP header on
	hasHeader bool   // the fixed part of the header is there, and known what follows
	header    int    // length of the IP header as claimed
	length    int    // of the message from the IP header on, as claimed
	src       netip.Addr
	dst       netip.Addr
	srcKind   kind
	dstKind   kind
	inside    wire.Payload

	isPTB  bool
	mtu    uint32
	hasMTU bool
	usable bool // what it quotes, by [pipeline.Packet.Usable]
	quoted quoted
}

// quoted is the packet that a PTB quotes.
type quoted struct {
	data      []byte // as far as it is there
	hasHeader bool   // the fixed part of its header is there, and known what follows
	version   uint8
	length    int // as claimed
	src       netip.Addr
	dst       netip.Addr
	srcKind   kind
	dstKind   kind
	inside    wire.Payload
}

// read fills a message, which must be zero, from a packet.
func (m *message) read(p *pipeline.Packet) {
	if p.Network < 0 {
		return
	}
	m.ip = p.Data[p.Network:]
	m.onWire = max(p.Length, len(p.Data)) - p.Network
	m.version = p.Version()
	m.misnamed = len(m.ip) > 0 && wire.Version(m.ip) != m.version
	if m.hasHeader = m.readHeader(p.IP()); m.hasHeader && p.PTB != 0 {
		m.isPTB = true
		m.mtu, m.hasMTU = p.MTU()
		m.usable = p.Usable()
		if at := m.header + wire.ICMPLen; at < len(m.ip) {
			m.quoted.read(m.ip[at:])
		}
	}
}

func (m *message) readHeader(ip wire.IP) bool {
	if ip.Version == 0 {
		return false
	}
	m.header, m.length = ip.HeaderLen(), ip.Len()
	m.src, m.dst = ip.Src(), ip.Dst()
	m.srcKind, m.dstKind = kindOf(m.src), kindOf(m.dst)
	m.inside = ip.Payload()
	if m.length < len(m.ip) {
		m.ip = m.ip[:m.length] // what follows is padding, and no part of the message
	}
	return true
}

func (q *quoted) read(b []byte) {
	ip := wire.ParseIP(b)
	q.data, q.version = b, wire.Version(b)
	q.hasHeader = ip.Version != 0 && ip.HeaderLen() >= wire.IPv4Len
	if q.hasHeader {
		q.length = ip.Len()
		q.src, q.dst = ip.Src(), ip.Dst()
		q.srcKind, q.dstKind = kindOf(q.src), kindOf(q.dst)
		q.inside = ip.Payload()
	}
}
