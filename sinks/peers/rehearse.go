package peers

import (
	"encoding/binary"
	"net/netip"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/peerlist"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// rehearsal is what DryRun works with.
type rehearsal struct {
	targets []netip.Addr // in the order of the list, each once
	listed  map[netip.Addr]struct{}
	packet  []byte
}

// DryRun is [pipeline.DryRunner]: it records an IP packet for each peer that is
// listed by its address. Names are not looked up. The source address, which the
// kernel would choose, is unspecified; the ICMPv6 checksum is that of it.
func (s *Sink) DryRun(p *pipeline.Packet, record func(linklayer.Type, []byte)) pipeline.Reason {
	if s.rehearsal == nil {
		s.rehearsal = newRehearsal(s.Addresses())
	}
	if r := unfit(p); r != pipeline.Pass {
		return r
	}
	wentRound := s.wentRound(p)
	if _, isPeer := s.rehearsal.listed[p.Router()]; isPeer {
		return FromPeer
	}
	ttl := p.IP().TTL()
	if ttl <= 1 {
		return TTLExpired
	}
	if wentRound {
		return WentRound
	}
	reason := NoPeers
	for _, to := range s.rehearsal.targets {
		if to.Is6() != (p.PTB == 6) {
			continue
		}
		reason = pipeline.Pass
		if !s.settings.DryRun {
			record(linklayer.Raw, s.rehearsal.build(message(p), to, ttl-1))
		}
	}
	return reason
}

func newRehearsal(peers []peerlist.Address) *rehearsal {
	r := &rehearsal{listed: map[netip.Addr]struct{}{}}
	for _, p := range peers {
		if !p.IP.IsValid() {
			continue
		}
		r.listed[p.IP.WithZone("")] = struct{}{}
		r.targets = append(r.targets, p.IP)
	}
	return r
}

// build returns the IP packet with a message; it is good until the next call.
func (r *rehearsal) build(message []byte, to netip.Addr, ttl uint8) []byte {
	r.packet = r.packet[:0]
	if to.Is6() {
		r.appendIPv6(message, to, ttl)
	} else {
		r.appendIPv4(message, to, ttl)
	}
	return r.packet
}

func (r *rehearsal) appendIPv4(message []byte, to netip.Addr, ttl uint8) {
	header := [wire.IPv4Len]byte{0: 0x45, 8: ttl, 9: byte(wire.ProtoICMP)}
	binary.BigEndian.PutUint16(header[2:], uint16(len(header)+len(message)))
	addr := to.As4()
	copy(header[16:], addr[:])
	wire.ParseIP(header[:]).SetChecksum()
	r.packet = append(append(r.packet, header[:]...), message...)
}

func (r *rehearsal) appendIPv6(message []byte, to netip.Addr, ttl uint8) {
	header := [wire.IPv6Len]byte{0: 0x60, 6: byte(wire.ProtoICMPv6), 7: ttl}
	binary.BigEndian.PutUint16(header[4:], uint16(len(message)))
	addr := to.As16()
	copy(header[24:], addr[:])
	r.packet = append(append(r.packet, header[:]...), message...)
	wire.ParseIP(r.packet).SetICMPChecksum(r.packet[wire.IPv6Len:])
}
