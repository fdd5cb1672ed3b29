package sane_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/pmtud/pmtud/filters/sane"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// FuzzChecks compares checks with what gopacket makes of the same bytes, where it can
// tell, and makes sure that none of them looks behind the captured bytes.
func FuzzChecks(f *testing.F) {
	for _, rows := range rows {
		for _, r := range rows {
			p := r.v.packet()
			f.Add(p.Data, uint16(p.Length-len(p.Data)))
		}
	}
	filters := make([]pipeline.Filter, sane.InterfaceMTU+1)
	for check := sane.IPLength; check <= sane.InterfaceMTU; check++ {
		filters[check] = alone(f, check)
	}
	f.Fuzz(func(t *testing.T, data []byte, missing uint16) {
		data = slices.Clip(data) // an access behind the end panics
		p := pipeline.Packet{Data: data, Length: len(data) + int(missing), LinkType: linklayer.Ethernet}
		p.Decode()
		wrong := make([]bool, len(filters))
		for check := sane.IPLength; check <= sane.InterfaceMTU; check++ {
			wrong[check] = filters[check].Filter(&p) != pipeline.Pass
		}
		for check, want := range newOracle(&p).wrong() {
			if wrong[check] != want {
				t.Errorf("check %s: wrong %v, gopacket says %v", sane.Plugin().Reasons[check-1].Name, wrong[check], want)
			}
		}
	})
}

// oracle is what gopacket makes of a packet.
type oracle struct {
	p   *pipeline.Packet
	ip4 *layers.IPv4
	ip6 *layers.IPv6
}

func newOracle(p *pipeline.Packet) (o oracle) {
	o.p = p
	tags := 0
	for _, l := range gopacket.NewPacket(p.Data, layers.LayerTypeEthernet, gopacket.NoCopy).Layers() {
		switch l := l.(type) {
		case *layers.Ethernet:
			continue
		case *layers.Dot1Q:
			if tags++; tags == 1 {
				continue
			}
		case *layers.IPv4:
			if l.Version == 4 && l.IHL >= 5 && len(l.Contents) == 4*int(l.IHL) && !hasNoLength(l) && int(l.Length) == len(l.Contents)+len(l.Payload) {
				o.ip4 = l
			}
		case *layers.IPv6:
			if l.Version == 6 && len(l.Contents) == 40 && int(l.Length) == len(l.Payload) {
				o.ip6 = l
			}
		}
		break
	}
	return o
}

// hasNoLength reports a length of 0, for which gopacket takes that of the bytes that
// are there.
func hasNoLength(ip *layers.IPv4) bool { return ip.Contents[2] == 0 && ip.Contents[3] == 0 }

// wrong returns what checks have to find, as far as gopacket shows it.
func (o oracle) wrong() map[pipeline.Reason]bool {
	wrong := map[pipeline.Reason]bool{}
	switch {
	case o.ip4 != nil:
		o.checkIPv4(wrong)
	case o.ip6 != nil:
		o.checkIPv6(wrong)
	}
	return wrong
}

func (o oracle) checkIPv4(wrong map[pipeline.Reason]bool) {
	ip := o.ip4
	fragment := ip.FragOffset > 0 || ip.Flags&layers.IPv4MoreFragments != 0
	wrong[sane.Fragment] = fragment
	checksum := ip.Checksum // to be overwritten
	if again := serialized(ip); len(again) == len(ip.Contents) && sameBut(again, ip.Contents, 10) {
		wrong[sane.IPChecksum] = differ(checksum, binary.BigEndian.Uint16(again[10:]))
	}
	wrong[sane.LoopbackSource] = ip.SrcIP.IsLoopback()
	wrong[sane.MulticastTarget] = ip.DstIP.IsMulticast()
	if o.p.PTB == 0 || len(ip.Payload) < 8 || fragment {
		return
	}
	icmp := new(layers.ICMPv4)
	if icmp.DecodeFromBytes(ip.Payload, gopacket.NilDecodeFeedback) == nil {
		checksum := icmp.Checksum
		again := serialized(icmp, gopacket.Payload(icmp.Payload))
		wrong[sane.ICMPChecksum] = differ(checksum, binary.BigEndian.Uint16(again[2:]))
	}
	o.checkQuote(wrong, 4, ip.Payload[8:], ip.DstIP)
}

func (o oracle) checkIPv6(wrong map[pipeline.Reason]bool) {
	ip := o.ip6
	wrong[sane.LoopbackSource] = ip.SrcIP.IsLoopback()
	wrong[sane.MulticastTarget] = ip.DstIP.IsMulticast()
	if o.p.PTB == 0 || len(ip.Payload) < 8 {
		return
	}
	icmp := new(layers.ICMPv6)
	_ = icmp.SetNetworkLayerForChecksum(ip)
	if icmp.DecodeFromBytes(ip.Payload, gopacket.NilDecodeFeedback) == nil {
		_ = icmp.SetNetworkLayerForChecksum(ip)
		checksum := icmp.Checksum
		again := serialized(icmp, gopacket.Payload(icmp.Payload))
		wrong[sane.ICMPChecksum] = differ(checksum, binary.BigEndian.Uint16(again[2:]))
	}
	o.checkQuote(wrong, 6, ip.Payload[8:], ip.DstIP)
}

// checkQuote compares the quoted header, which gopacket decodes alone: what follows is
// not whole as a rule.
func (o oracle) checkQuote(wrong map[pipeline.Reason]bool, version uint8, quote []byte, target []byte) {
	if len(quote) == 0 {
		return
	}
	wrong[sane.QuotedVersion] = quote[0]>>4 != version
	switch {
	case version == 4 && len(quote) >= 20:
		ip := new(layers.IPv4)
		if ip.DecodeFromBytes(quote, gopacket.NilDecodeFeedback) != nil || ip.Version != 4 {
			return
		}
		wrong[sane.QuotedSource] = !bytes.Equal(ip.SrcIP, target)
		wrong[sane.QuotedMulticast] = ip.DstIP.IsMulticast() || ip.DstIP.Equal([]byte{255, 255, 255, 255})
		wrong[sane.QuotedFragment] = ip.FragOffset > 0
	case version == 6 && len(quote) >= 40 && quote[0]>>4 == 6:
		src, dst := netip.AddrFrom16([16]byte(quote[8:])), netip.AddrFrom16([16]byte(quote[24:]))
		wrong[sane.QuotedSource] = !bytes.Equal(src.AsSlice(), target)
		wrong[sane.QuotedMulticastV6] = dst.IsMulticast()
	}
}

// serialized returns what gopacket makes of the layers with checksums of its own; nil
// if it can't.
func serialized(stack ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	if gopacket.SerializeLayers(buf, gopacket.SerializeOptions{ComputeChecksums: true}, stack...) != nil {
		return nil
	}
	return buf.Bytes()
}

// sameBut reports whether a and b differ at most in the two bytes at the offset.
func sameBut(a, b []byte, at int) bool {
	return bytes.Equal(a[:at], b[:at]) && bytes.Equal(a[at+2:], b[at+2:])
}

// differ reports whether a checksum is another than that computed. Both forms of zero
// are the same number.
func differ(got, computed uint16) bool {
	return got != computed && !(got == 0xffff && computed == 0) && !(got == 0 && computed == 0xffff)
}
