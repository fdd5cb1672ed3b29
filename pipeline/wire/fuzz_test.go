package wire_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/pmtud/pmtud/pipeline/wire"
)

// FuzzIP checks that no method looks behind a packet or allocates, and that all agree
// with gopacket's layers on headers that it decodes.
func FuzzIP(f *testing.F) {
	f.Add(packet4(f))
	f.Add(packet6(f))
	f.Add(append(packet6(f)[:40:40], 44, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 9, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = slices.Clip(data) // an access behind the end panics
		ip := wire.ParseIP(data)
		var in wire.Payload
		if n := testing.AllocsPerRun(1, func() {
			in = ip.Payload()
			_, _, _, _ = ip.Src(), ip.Dst(), ip.Len(), wire.Sum(0, ip.Bytes)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
		switch ip.Version {
		case 4:
			checkIPv4(t, ip, in)
		case 6:
			checkIPv6(t, ip, in)
		}
	})
}

func checkIPv4(t *testing.T, ip wire.IP, in wire.Payload) {
	t.Helper()
	var want layers.IPv4
	if want.DecodeFromBytes(ip.Bytes, gopacket.NilDecodeFeedback) != nil {
		return
	}
	noLength := ip.Bytes[2] == 0 && ip.Bytes[3] == 0 // gopacket then takes what is there
	if ip.Len() != int(want.Length) && !noLength || ip.TTL() != want.TTL || ip.HeaderLen() != 4*int(want.IHL) {
		t.Errorf("%d bytes, TTL %d, header of %d, gopacket has %+v", ip.Len(), ip.TTL(), ip.HeaderLen(), want)
	}
	if !bytes.Equal(ip.Src().AsSlice(), want.SrcIP) || !bytes.Equal(ip.Dst().AsSlice(), want.DstIP) {
		t.Errorf("from %v to %v, gopacket has %v and %v", ip.Src(), ip.Dst(), want.SrcIP, want.DstIP)
	}
	more := want.Flags&layers.IPv4MoreFragments != 0
	if in != (wire.Payload{Protocol: wire.Protocol(want.Protocol), Offset: 4 * int(want.IHL), FragmentOffset: 8 * int(want.FragOffset), MoreFragments: more}) {
		t.Errorf("payload %+v, gopacket has %+v", in, want)
	}
}

// checkIPv6 compares the header alone: gopacket shows fewer extension headers, and
// package pipeline's FuzzDecode compares those.
func checkIPv6(t *testing.T, ip wire.IP, in wire.Payload) {
	t.Helper()
	b := bytes.Clone(ip.Bytes[:wire.IPv6Len])
	b[4], b[5], b[6] = 1, 0, 59 // no extension header
	var want layers.IPv6
	if err := want.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		t.Fatal(err)
	}
	if ip.TTL() != want.HopLimit || !bytes.Equal(ip.Src().AsSlice(), want.SrcIP) || !bytes.Equal(ip.Dst().AsSlice(), want.DstIP) {
		t.Errorf("from %v to %v, hop limit %d, gopacket has %+v", ip.Src(), ip.Dst(), ip.TTL(), want)
	}
	if in.Offset < wire.IPv6Len || in.Offset%4 != 0 || in.Offset > len(ip.Bytes)+8*256 {
		t.Errorf("payload %+v of %d bytes", in, len(ip.Bytes))
	}
}
