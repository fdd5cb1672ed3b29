package icmpptb

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Numbers of what may lie in front of a message: EtherTypes.
const (
	etherMPLS      = 0x8847
	etherMPLSGroup = 0x8848
	etherPPPoE     = 0x8864
	etherBridged   = 0x6558 // Ethernet in GRE
	etherQinQOld   = 0x9100
	firstEtherType = 0x0600 // below it stands a length
)

// maxMet bounds how many headers are walked.
const maxMet = 16

// walk goes through a packet's headers further than Filter does, to tell what lies in
// front of a message. Filter, like the kernel's filter, looks behind one VLAN tag only.
type walk struct {
	tags int
	met  []string // in front of what was found, of what Filter does not look behind
	what string   // found at the end
	ptb  bool     // it is a packet-too-big message
}

// look walks through a packet.
func look(p *pipeline.Packet) *walk {
	w := &walk{what: "no IP packet"}
	b := p.Data
	switch {
	case p.LinkType == linklayer.Ethernet:
		w.ethernet(b)
	case p.LinkType == linklayer.SLL && len(b) >= 16:
		w.etherType(binary.BigEndian.Uint16(b[14:]), b[16:])
	case p.LinkType == linklayer.SLL2 && len(b) >= 20:
		w.etherType(binary.BigEndian.Uint16(b), b[20:])
	case p.Network >= 0:
		w.etherType(p.EtherType, b[p.Network:])
	}
	return w
}

// String says what was found, for example "ICMPv4 type 3 code 4 hidden behind a second
// VLAN tag".
func (w *walk) String() string {
	if len(w.met) == 0 {
		return w.what
	}
	return w.what + " hidden behind " + strings.Join(w.met, ", ")
}

// behind notes a header that is not looked behind, and reports whether to walk on.
func (w *walk) behind(header string) bool {
	if n := len(w.met); n == 0 || w.met[n-1] != header {
		w.met = append(w.met, header)
	}
	w.what = "nothing known"
	return len(w.met) < maxMet
}

func (w *walk) ethernet(b []byte) {
	if len(b) >= wire.EthernetLen {
		w.etherType(binary.BigEndian.Uint16(b[12:]), b[wire.EthernetLen:])
	}
}

// etherType walks through what an EtherType announces.
func (w *walk) etherType(t uint16, b []byte) {
	switch t {
	case linklayer.EtherTypeIPv4:
		w.ipv4(b)
	case linklayer.EtherTypeIPv6:
		w.ipv6(b)
	case linklayer.EtherTypeVLAN, linklayer.EtherTypeQinQ, etherQinQOld:
		w.tag(t, b)
	case etherMPLS, etherMPLSGroup:
		w.mpls(b)
	case etherPPPoE:
		w.pppoe(b)
	case etherBridged:
		if w.behind("an Ethernet header") {
			w.ethernet(b)
		}
	default:
		if t < firstEtherType {
			w.llc(b)
			return
		}
		w.what = fmt.Sprintf("EtherType %#04x", t)
	}
}

// tag walks through a VLAN tag. The first one hides nothing if it is of a usual type.
func (w *walk) tag(t uint16, b []byte) {
	w.tags++
	switch {
	case w.tags > 1 && !w.behind("a second VLAN tag"),
		w.tags == 1 && t == etherQinQOld && !w.behind("a VLAN tag of type 0x9100"):
		return
	}
	// Each tag takes some bytes, so that this ends.
	if len(b) >= wire.VLANTagLen {
		w.etherType(binary.BigEndian.Uint16(b[2:]), b[wire.VLANTagLen:])
	}
}

// llc walks through the headers behind a length: 802.2, and SNAP (RFC 1042).
func (w *walk) llc(b []byte) {
	if !w.behind("an 802.3 header") {
		return
	}
	switch {
	case len(b) >= 8 && b[0] == 0xaa && b[1] == 0xaa && b[2] == 3:
		w.met[len(w.met)-1] = "an 802.3 header with SNAP"
		w.etherType(binary.BigEndian.Uint16(b[6:]), b[8:])
	case len(b) >= 3 && b[0] == 6 && b[1] == 6 && b[2] == 3:
		w.ip(b[3:])
	}
}

// mpls walks through labels. What follows the last one says by itself what it is.
func (w *walk) mpls(b []byte) {
	if !w.behind("MPLS") {
		return
	}
	for len(b) >= 4 {
		last := b[2]&1 != 0
		if b = b[4:]; last {
			w.ip(b)
			return
		}
	}
}

// pppoe walks through the header of a PPPoE session and the protocol behind it.
func (w *walk) pppoe(b []byte) {
	if !w.behind("PPPoE") || len(b) < 6 {
		return
	}
	p := pipeline.Packet{Data: b, LinkType: linklayer.PPPEther}
	if p.Decode(); p.Network >= 0 {
		w.etherType(p.EtherType, b[p.Network:])
	}
}

// ip walks through an IP packet of either version.
func (w *walk) ip(b []byte) {
	switch wire.Version(b) {
	case 4:
		w.ipv4(b)
	case 6:
		w.ipv6(b)
	}
}
