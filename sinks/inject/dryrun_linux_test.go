package inject_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/wire"
	"github.com/pmtud/pmtud/sinks/inject"
)

// dryRun returns the frame that a sink records for a packet, nil for none.
func dryRun(t *testing.T, sink pipeline.Sink, p *pipeline.Packet) (frame []byte, reason pipeline.Reason) {
	t.Helper()
	reason = sink.(pipeline.DryRunner).DryRun(p, func(link linklayer.Type, data []byte) {
		if link != linklayer.Ethernet {
			t.Errorf("link type %d", link)
		}
		frame = slices.Clone(data)
	})
	return frame, reason
}

// TestFrames compares the frames of packets with those that the device is to get: an Ethernet
// header from the sink and the whole IP packet with nothing behind it.
func TestFrames(t *testing.T) {
	ptb := map[string][]byte{
		"IPv4": pipelinetest.PTB{}.Frame()[14:],
		"IPv6": pipelinetest.PTB{Router: addrPort(plans["IPv6"].router, 0).Addr()}.Frame()[14:],
	}
	etherType := map[string]string{"IPv4": "\x08\x00", "IPv6": "\x86\xdd"}
	header := func(family string) []byte {
		return slices.Concat(make([]byte, 6), linklayer.InjectedMAC[:], []byte(etherType[family]))
	}
	// lowered is the packet with another TTL.
	lowered := func(family string, ttl uint8) []byte {
		ip := wire.IP{Version: family[3] - '0', Bytes: slices.Clone(ptb[family])}
		ip.SetTTL(ttl)
		return ip.Bytes
	}
	padding := make([]byte, 7)
	for family, ip := range ptb {
		eth := slices.Concat(make([]byte, 12), []byte(etherType[family]))
		tagged := slices.Concat(make([]byte, 12), []byte("\x81\x00\x00\x07"), []byte(etherType[family]))
		for _, tt := range []struct {
			name   string
			link   linklayer.Type
			data   []byte
			length int // beyond data
			change func(*inject.Settings)
			ttl    uint8 // 0: no frame
			reason pipeline.Reason
		}{
			{"Ethernet", linklayer.Ethernet, slices.Concat(eth, ip), 0, nil, 8, pipeline.Pass},
			{"padding", linklayer.Ethernet, slices.Concat(eth, ip, padding), 0, nil, 8, pipeline.Pass},
			{"padding that was not captured", linklayer.Ethernet, slices.Concat(eth, ip), 7, nil, 8, pipeline.Pass},
			{"VLAN tag", linklayer.Ethernet, slices.Concat(tagged, ip), 0, nil, 8, pipeline.Pass},
			{"no link layer", linklayer.Raw, ip, 0, nil, 8, pipeline.Pass},
			{"no guard", linklayer.Raw, ip, 0, asFrom, 3, pipeline.Pass},
			{"truncated", linklayer.Raw, ip[:len(ip)-1], 1, nil, 0, inject.Truncated},
			{"half a header", linklayer.Raw, ip[:19], 0, nil, 0, inject.NoPacket},
			{"another version", linklayer.Ethernet, slices.Concat(eth, []byte{0x55}, ip[1:]), 0, nil, 0, inject.NoPacket},
			{"not IP", linklayer.Ethernet, slices.Concat(eth[:12], []byte("\x08\x06"), ip), 0, nil, 0, inject.NoPacket},
			{"dry_run", linklayer.Raw, ip, 0, func(s *inject.Settings) { s.DryRun = true }, 0, pipeline.Pass},
		} {
			t.Run(family+" "+tt.name, func(t *testing.T) {
				sink, _ := build(t, tt.change)
				p := pipeline.Packet{Data: tt.data, Length: len(tt.data) + tt.length, LinkType: tt.link}
				p.Decode()
				frame, reason := dryRun(t, sink, &p)
				var want []byte
				if tt.ttl != 0 {
					want = slices.Concat(header(family), lowered(family, tt.ttl))
				}
				if diff := cmp.Diff(want, frame); diff != "" || reason != tt.reason {
					t.Errorf("reason %d, want %d; frame (-want +got):\n%s", reason, tt.reason, diff)
				}
				if _, again := dryRun(t, sink, &p); reason == pipeline.Pass && again != inject.Repeated {
					t.Errorf("reason %d for the same packet again", again)
				}
			})
		}
	}
}

// TestLengthTooSmall has an IPv4 packet that says that it is shorter than a header.
func TestLengthTooSmall(t *testing.T) {
	for length, want := range map[byte]pipeline.Reason{19: inject.NoPacket, 20: pipeline.Pass} {
		ip := pipelinetest.PTB{}.Frame()[14:]
		ip[2], ip[3] = 0, length
		p := pipeline.Packet{Data: ip, Length: len(ip), LinkType: linklayer.Raw}
		p.Decode()
		sink, _ := build(t, nil)
		if frame, reason := dryRun(t, sink, &p); reason != want || (frame != nil) != (want == pipeline.Pass) {
			t.Errorf("length %d: reason %d, want %d; frame %x", length, reason, want, frame)
		}
	}
}

// TestDryRun delivers to a sink that is only to pretend: it makes nothing, and takes a packet once.
func TestDryRun(t *testing.T) {
	host := newHost(t)
	sink, _ := open(t, host, func(s *inject.Settings) { s.DryRun = true })
	wantTraces(t, host, none)
	m := message{plan: plans["IPv4"], port: 1, mtu: 1400, ttl: 60}
	for i, want := range []pipeline.Reason{pipeline.Pass, inject.Repeated} {
		if reason := deliver(sink, m.packet()); reason != want {
			t.Errorf("time %d: reason %d, want %d", i, reason, want)
		}
	}
	if c := complaint(sink); c != "" {
		t.Errorf("complaint %q", c)
	}
}
