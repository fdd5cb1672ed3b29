package whole_test

import (
	"bytes"
	"encoding/binary"
	"maps"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/pipeline/whole"
	"github.com/pmtud/pmtud/pipeline/wire"
)

const ethernet = wire.EthernetLen

var router6 = netip.MustParseAddr("2001:db8:f::1")

// frame returns a PTB's frame, changed: byte i of the IP packet is set to b.
func frame(m pipelinetest.PTB, i int, b byte) []byte {
	f := m.Frame()
	f[ethernet+i] = b
	return f
}

// long returns a frame with an IPv6 packet of n bytes.
func long(n int) []byte {
	f := append(pipelinetest.PTB{Router: router6}.Frame(), make([]byte, n)...)[:ethernet+n]
	binary.BigEndian.PutUint16(f[ethernet+4:], uint16(n-wire.IPv6Len))
	return f
}

func decoded(frame []byte) *pipeline.Packet {
	p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	p.Data, p.Length = frame, len(frame)
	p.Decode()
	p.Clock = pipelinetest.Begin
	return &p
}

func TestNext(t *testing.T) {
	v4, v6 := pipelinetest.PTB{}, pipelinetest.PTB{Router: router6}
	n4 := len(v4.Frame()) - ethernet
	for _, tc := range []struct {
		name  string
		frame []byte
		want  pipeline.Reason
	}{
		{"IPv4", v4.Frame(), pipeline.Pass},
		{"IPv6", v6.Frame(), pipeline.Pass},
		{"padding", append(v4.Frame(), 1, 2, 3), pipeline.Pass},
		{"TTL 2", frame(v4, 8, 2), pipeline.Pass},
		{"TTL 1", frame(v4, 8, 1), whole.TTLExpired},
		{"TTL 0", frame(v4, 8, 0), whole.TTLExpired},
		{"hop limit 1", frame(v6, 7, 1), whole.TTLExpired},
		{"ICMP header alone", frame(v4, 3, 28), pipeline.Pass},
		{"part of an ICMP header", frame(v4, 3, 27), whole.NotPTB},
		{"one byte less than the header says", frame(v4, 3, byte(n4+1)), whole.Truncated},
		{"longest", long(sealed.MaxPacket), pipeline.Pass},
		{"too long", long(sealed.MaxPacket + 1), whole.TooLong},
		{"echo request", frame(v4, wire.IPv4Len, 8), whole.NotPTB},
		{"another IP version", frame(v4, 0, 0x65), whole.NotPTB},
		{"IPv4 header too short", frame(v4, 0, 0x44), whole.NotPTB},
		{"IPv4 header too short, with an address like ICMP", frame(pipelinetest.PTB{Target: netip.AddrFrom4([4]byte{3, 4, 0, 1})}, 0, 0x44), whole.NotPTB},
		{"no IP version", frame(v4, 0, 0x05), whole.NotPTB},
		{"nothing", nil, whole.NotPTB},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := decoded(tc.frame)
			if got := whole.Check(p); got != tc.want {
				t.Errorf("check: reason %d, want %d", got, tc.want)
			}
			packets := whole.New()
			got, reason := packets.Next(p)
			if reason != tc.want {
				t.Fatalf("reason %d, want %d", reason, tc.want)
			}
			if tc.want != pipeline.Pass {
				return
			}
			want := bytes.Clone(p.Data[ethernet : ethernet+p.IP().Len()])
			ip := wire.ParseIP(want)
			ip.SetTTL(ip.TTL() - 1)
			if !bytes.Equal(got, want) {
				t.Errorf("got  % x\nwant % x", got, want)
			}
			if _, again := packets.Next(p); again != whole.Repeated {
				t.Errorf("again: reason %d, want that it is repeated", again)
			}
			p.Clock += pipeline.Instant(2 * time.Second)
			if _, later := packets.Next(p); later != pipeline.Pass {
				t.Errorf("after two seconds: reason %d", later)
			}
		})
	}
}

// TestReasons wants the names of the shared reasons and of a sink's own.
func TestReasons(t *testing.T) {
	all := whole.Reasons(pipeline.Reasons{whole.Last + 1: {Name: "no-peers"}})
	names := map[pipeline.Reason]string{}
	for r, info := range maps.All(all) {
		names[r] = info.Name
	}
	if diff := cmp.Diff(map[pipeline.Reason]string{
		whole.NotPTB: "not-ptb", whole.Truncated: "truncated", whole.TTLExpired: "ttl-expired",
		whole.TooLong: "too-long", whole.Repeated: "repeated", whole.Last + 1: "no-peers",
	}, names); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}
