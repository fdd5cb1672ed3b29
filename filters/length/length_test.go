package length_test

import (
	"net/netip"
	"testing"

	"github.com/pmtud/pmtud/filters/length"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

var router6 = netip.MustParseAddr("2001:db8:f::1")

func TestPlugin(t *testing.T) {
	pipelinetest.TestFilter(t, length.Plugin(), nil)
}

func TestFilter(t *testing.T) {
	type changed struct {
		at    int
		bytes []byte
	}
	v4, v6 := pipelinetest.PTB{}, pipelinetest.PTB{Router: router6}
	tagged := pipelinetest.PTB{VLAN: 7}
	for _, tc := range []struct {
		name    string
		message pipelinetest.PTB
		change  changed
		length  int // cut to so many bytes; 0 leaves it whole
		want    pipeline.Reason
	}{
		{"IPv4", v4, changed{}, 0, pipeline.Pass},
		{"IPv4, shortest", v4, changed{}, 14 + 56, pipeline.Pass},
		{"IPv4, too short", v4, changed{}, 14 + 55, length.TooShort},
		{"IPv4, header only", v4, changed{}, 14, length.TooShort},
		{"IPv4, shortest behind a tag", tagged, changed{}, 18 + 56, pipeline.Pass},
		{"IPv4, too short behind a tag", tagged, changed{}, 18 + 55, length.TooShort},
		{"IPv4, header length 20", v4, changed{14, []byte{0x45}}, 0, pipeline.Pass},
		{"IPv4, header length 16", v4, changed{14, []byte{0x44}}, 0, length.BadIHL},
		{"IPv4, header length 0", v4, changed{14, []byte{0x40}}, 0, length.BadIHL},
		{"IPv4, bad header length in one byte", v4, changed{14, []byte{0x44}}, 15, length.BadIHL},
		{"IPv4, options, ICMP header fits", v4, changed{14, []byte{0x4f}}, 14 + 68, pipeline.Pass},
		{"IPv4, options, ICMP header cut", v4, changed{14, []byte{0x4f}}, 14 + 67, length.TooShort},
		{"IPv4, not ICMP", v4, changed{23, []byte{6}}, 0, length.TooShort},
		{"IPv4, version 6", v4, changed{14, []byte{0x65}}, 0, length.TooShort},
		{"IPv6", v6, changed{}, 0, pipeline.Pass},
		{"IPv6, shortest", v6, changed{}, 14 + 80, pipeline.Pass},
		{"IPv6, too short", v6, changed{}, 14 + 79, length.TooShort},
		{"IPv6, version 4", v6, changed{14, []byte{0x40}}, 0, length.TooShort},
		{"IPv6, extension header", v6, changed{20, []byte{60}}, 0, length.TooShort},
		{"not IP", v4, changed{12, []byte{0x08, 0x06}}, 0, length.TooShort},
		{"802.1ad tag", tagged, changed{12, []byte{0x88, 0xa8}}, 0, length.TooShort},
		{"cut in the Ethernet header", v4, changed{}, 13, length.TooShort},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := length.Plugin().Build(&length.Settings{}, pipelinetest.Env(t))
			if err != nil {
				t.Fatal(err)
			}
			p := tc.message.Packet(pipelinetest.Begin)
			copy(p.Data[tc.change.at:], tc.change.bytes)
			if tc.length > 0 {
				p.Data = p.Data[:tc.length]
			}
			if got := pipelinetest.Decide(f.(pipeline.Filter), &p); got != tc.want {
				t.Errorf("reason %d, want %d", got, tc.want)
			}
		})
	}
}
