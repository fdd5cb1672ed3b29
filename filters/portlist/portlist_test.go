package portlist_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/pmtud/pmtud/filters/portlist"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

func TestPlugin(t *testing.T) {
	pipelinetest.TestFilter(t, portlist.Plugin(), &portlist.Settings{Ports: []portlist.Range{{First: 400, Last: 500}}})
}

func build(t *testing.T, ports ...portlist.Range) pipeline.Filter {
	t.Helper()
	f, err := portlist.New(portlist.Settings{Ports: ports}, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestPorts(t *testing.T) {
	one := func(port uint16) portlist.Range { return portlist.Range{First: port, Last: port} }
	for _, tc := range []struct {
		name  string
		ports []portlist.Range
		port  uint16
		want  pipeline.Reason
	}{
		{"listed", []portlist.Range{one(80), one(443)}, 443, pipeline.Pass},
		{"not listed", []portlist.Range{one(80), one(443)}, 81, portlist.PortNotListed},
		{"first of a range", []portlist.Range{{First: 8000, Last: 8080}}, 8000, pipeline.Pass},
		{"last of a range", []portlist.Range{{First: 8000, Last: 8080}}, 8080, pipeline.Pass},
		{"before a range", []portlist.Range{{First: 8000, Last: 8080}}, 7999, portlist.PortNotListed},
		{"behind a range", []portlist.Range{{First: 8000, Last: 8080}}, 8081, portlist.PortNotListed},
		{"ranges that overlap", []portlist.Range{{First: 80, Last: 90}, {First: 85, Last: 100}}, 95, pipeline.Pass},
		{"lowest", []portlist.Range{one(1)}, 1, pipeline.Pass},
		{"highest", []portlist.Range{one(65535)}, 65535, pipeline.Pass},
		{"just below the highest", []portlist.Range{one(65535)}, 65534, portlist.PortNotListed},
		{"all", []portlist.Range{{Last: 65535}}, 12345, pipeline.Pass},
		{"the other octet order", []portlist.Range{one(0x5000)}, 0x0050, portlist.PortNotListed},
	} {
		for _, router := range []string{"203.0.113.1", "2001:db8:f::1"} {
			t.Run(tc.name+", "+router, func(t *testing.T) {
				p := pipelinetest.PTB{Router: netip.MustParseAddr(router), SrcPort: tc.port}.Packet(pipelinetest.Begin)
				if got := pipelinetest.Decide(build(t, tc.ports...), &p); got != tc.want {
					t.Errorf("reason %d, want %d", got, tc.want)
				}
				if p.ReadPort != int32(tc.port) {
					t.Errorf("read port %d, want %d", p.ReadPort, tc.port)
				}
			})
		}
	}
}

func TestQuotes(t *testing.T) {
	message := pipelinetest.PTB{}.Frame()[:14+20+8]
	quote4 := func(first byte, n int) []byte { // with port 80 behind a header of any length
		q := slices.Repeat([]byte{0, 80}, 40)
		q[0] = first
		return q[:n]
	}
	for _, tc := range []struct {
		name  string
		quote []byte
		want  pipeline.Reason
		port  int32
	}{
		{"nothing", nil, portlist.PayloadTooShort, -1},
		{"one octet", []byte{0x45}, portlist.L4TooShort, -1},
		{"neither IPv4 nor IPv6", quote4(0x55, 60), portlist.BadInnerVersion, -1},
		{"version 0", quote4(0x00, 60), portlist.BadInnerVersion, -1},
		{"IPv4, port whole", quote4(0x45, 22), pipeline.Pass, 80},
		{"IPv4, port cut", quote4(0x45, 21), portlist.L4TooShort, -1},
		{"IPv4, header only", quote4(0x45, 20), portlist.L4TooShort, -1},
		{"IPv4 options, port whole", quote4(0x4f, 62), pipeline.Pass, 80},
		{"IPv4 options, port cut", quote4(0x4f, 61), portlist.L4TooShort, -1},
		{"IPv4, header length 4", quote4(0x41, 22), pipeline.Pass, 80},
		{"IPv4, header length 0", quote4(0x40, 22), portlist.PortNotListed, 0x4000 + 80},
		{"IPv6, port whole", quote4(0x60, 42), pipeline.Pass, 80},
		{"IPv6, port cut", quote4(0x60, 41), portlist.L4TooShort, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			data := slices.Concat(message, tc.quote)
			p := pipeline.Packet{Data: data, Length: len(data), LinkType: pipeline.LinkEthernet}
			if got := pipelinetest.Decide(build(t, portlist.Range{First: 80, Last: 80}), &p); got != tc.want {
				t.Errorf("reason %d, want %d", got, tc.want)
			}
			if p.ReadPort != tc.port {
				t.Errorf("read port %d, want %d", p.ReadPort, tc.port)
			}
		})
	}
}

func TestNotPTB(t *testing.T) {
	p := pipeline.Packet{LinkType: pipeline.LinkEthernet}
	if got := pipelinetest.Decide(build(t, portlist.Range{Last: 65535}), &p); got != portlist.PayloadTooShort {
		t.Errorf("reason %d, want %d", got, portlist.PayloadTooShort)
	}
}

func TestNewRefusesAnEmptyList(t *testing.T) {
	_, err := portlist.Plugin().Build(&portlist.Settings{}, pipelinetest.Env(t))
	var setting *pipeline.SettingError
	if !errors.As(err, &setting) || setting.Setting != "ports" {
		t.Errorf("error %v, want one about ports", err)
	}
}
