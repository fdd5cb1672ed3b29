package sane

import (
	"encoding/binary"
	"net/netip"

	"github.com/pmtud/pmtud/pipeline"
)

// message is a packet as the checks see it. A part that the capture lacks stays zero,
// and the checks that ask for it find nothing wrong.
type message struct {
	host *host // nil while nothing is known

	version   uint8  // the IP version that the link layer announces; 0: not IP
	misnamed  bool   // the header claims another version
	ip        []byte // from the IP header to the end of the message or of the capture
	onWire    int    // octets from the IP header on
	hasHeader bool   // the fixed part of the header is there, and known what follows
	header    int    // length of the IP header as claimed
	length    int    // of the message from the IP header on, as claimed
	src       netip.Addr
	dst       netip.Addr
	inside    inside

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
	inside    inside
}

// read fills a message, which must be zero, from a packet.
func (m *message) read(p *pipeline.Packet) {
	if p.Network < 0 {
		return
	}
	m.ip = p.Data[p.Network:]
	m.onWire = max(p.Length, len(p.Data)) - p.Network
	switch p.EtherType {
	case pipeline.EtherTypeIPv4:
		m.version, m.hasHeader = 4, len(m.ip) >= ipv4MinLen
	case pipeline.EtherTypeIPv6:
		m.version, m.hasHeader = 6, len(m.ip) >= ipv6Len
	default:
		return
	}
	m.misnamed = len(m.ip) > 0 && m.ip[0]>>4 != m.version
	if m.hasHeader {
		m.readHeader(p)
	}
	if m.hasHeader && p.PTB != 0 {
		m.isPTB = true
		m.mtu, m.hasMTU = p.MTU()
		m.usable = p.Usable()
		m.readQuote()
	}
}

func (m *message) readHeader(p *pipeline.Packet) {
	if m.version == 4 {
		m.header, m.length = headerLen(m.ip), int(binary.BigEndian.Uint16(m.ip[2:]))
		m.inside = insideIPv4(m.ip)
	} else {
		m.header, m.length = ipv6Len, ipv6Len+int(binary.BigEndian.Uint16(m.ip[4:]))
		m.inside = insideIPv6(m.ip)
	}
	m.src, m.dst = p.Router(), p.Target()
	if m.length < len(m.ip) {
		m.ip = m.ip[:m.length] // what follows is padding, and no part of the message
	}
}

func (m *message) readQuote() {
	at := m.header + icmpLen
	if at >= len(m.ip) {
		return
	}
	b := m.ip[at:]
	q := &m.quoted
	q.data, q.version = b, b[0]>>4
	switch {
	case q.version == 4 && len(b) >= ipv4MinLen && headerLen(b) >= ipv4MinLen:
		q.length = int(binary.BigEndian.Uint16(b[2:]))
		q.src, q.dst = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		q.inside = insideIPv4(b)
	case q.version == 6 && len(b) >= ipv6Len:
		q.length = ipv6Len + int(binary.BigEndian.Uint16(b[4:]))
		q.src, q.dst = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
		q.inside = insideIPv6(b)
	default:
		return
	}
	q.hasHeader = true
}
