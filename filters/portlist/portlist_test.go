package portlist_test

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/pmtud/pmtud/filters/portlist"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/setting"
)

func TestPlugin(t *testing.T) {
	ports := []portlist.Range{{First: 400, Last: 500}}
	pipelinetest.TestFilter(t, portlist.Plugin(), &portlist.Settings{Ports: ports})
	pipelinetest.TestFilter(t, portlist.Plugin(), &portlist.Settings{Ports: ports, IgnoreProtocol: true})
}

func build(t *testing.T, ports ...portlist.Range) pipeline.Filter {
	t.Helper()
	return newFilter(t, portlist.Settings{Ports: ports})
}

// buildOriginal builds the filter as the original daemon has it.
func buildOriginal(t *testing.T, ports ...portlist.Range) pipeline.Filter {
	t.Helper()
	return newFilter(t, portlist.Settings{Ports: ports, IgnoreProtocol: true})
}

func newFilter(t *testing.T, s portlist.Settings) pipeline.Filter {
	t.Helper()
	f, err := portlist.New(s, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// parse reads ports as a configuration has them.
func parse(t *testing.T, texts ...string) []portlist.Range {
	t.Helper()
	ports := make([]portlist.Range, len(texts))
	for i, text := range texts {
		if err := ports[i].UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return ports
}

// TestProtocols lists ports and protocols, and asks for a quoted port of a protocol.
func TestProtocols(t *testing.T) {
	const tcp, udp, dccp, icmp, esp, sctp = 6, 17, 33, 1, 50, 132
	for _, tc := range []struct {
		name  string
		ports []string
		proto byte
		want  pipeline.Reason
	}{
		{"TCP, number", []string{"443"}, tcp, pipeline.Pass},
		{"UDP, number", []string{"443"}, udp, pipeline.Pass},
		{"SCTP, number", []string{"443"}, sctp, pipeline.Pass},
		{"DCCP, number", []string{"443"}, dccp, pipeline.Pass},
		{"ICMP, number", []string{"443"}, icmp, portlist.ProtocolNotListed},
		{"ESP, number", []string{"443"}, esp, portlist.ProtocolNotListed},
		{"TCP, number of TCP", []string{"443/tcp"}, tcp, pipeline.Pass},
		{"UDP, number of TCP", []string{"443/tcp"}, udp, portlist.ProtocolNotListed},
		{"TCP, number of UDP", []string{"443/udp"}, tcp, portlist.ProtocolNotListed},
		{"UDP, number of UDP", []string{"443/udp"}, udp, pipeline.Pass},
		{"UDP, another number of UDP", []string{"53/udp", "443/tcp"}, udp, portlist.PortNotListed},
		{"TCP, first of two of TCP", []string{"443/tcp", "80/tcp"}, tcp, pipeline.Pass},
		{"TCP, last of two of TCP", []string{"80/tcp", "443/tcp"}, tcp, pipeline.Pass},
		{"UDP, range of UDP", []string{"400-500/udp"}, udp, pipeline.Pass},
		{"TCP, all of TCP", []string{"tcp", "53/udp"}, tcp, pipeline.Pass},
		{"UDP, all of TCP", []string{"tcp", "53/udp"}, udp, portlist.PortNotListed},
		{"UDP, all of TCP alone", []string{"tcp"}, udp, portlist.ProtocolNotListed},
		{"ICMP, all of both", []string{"tcp", "udp"}, icmp, portlist.ProtocolNotListed},
		{"UDP, all of both", []string{"tcp", "udp"}, udp, pipeline.Pass},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for router, at := range map[string]int{"203.0.113.1": 14 + 28 + 9, "2001:db8:f::1": 14 + 48 + 6} {
				p := pipelinetest.PTB{Router: netip.MustParseAddr(router)}.Packet(pipelinetest.Begin)
				p.Data[at] = tc.proto
				if got := pipelinetest.Decide(build(t, parse(t, tc.ports...)...), &p); got != tc.want {
					t.Errorf("router %s: reason %d, want %d", router, got, tc.want)
				}
			}
		})
	}
}

// TestQuoted has what the original daemon takes for a port though it is none.
func TestQuoted(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*pipeline.Packet)
		want   pipeline.Reason
	}{
		{"TCP", func(*pipeline.Packet) {}, pipeline.Pass},
		{"later fragment", func(p *pipeline.Packet) { p.Data[14+28+7] = 1 }, portlist.L4TooShort},
		{"header length 16", func(p *pipeline.Packet) { p.Data[14+28] = 0x44 }, portlist.L4TooShort},
		{"ports behind the IP packet's end", func(p *pipeline.Packet) { p.Data[14+3] = 20 + 8 + 20 }, portlist.L4TooShort},
		{"half a header inside the IP packet", func(p *pipeline.Packet) { p.Data[14+3] = 20 + 8 + 10 }, portlist.L4TooShort},
		{"nothing inside the IP packet", func(p *pipeline.Packet) { p.Data[14+3] = 20 + 8 }, portlist.PayloadTooShort},
		{"neither IPv4 nor IPv6", func(p *pipeline.Packet) { p.Data[14+28] = 0x55 }, portlist.BadInnerVersion},
		{"a part of an IPv6 header", func(p *pipeline.Packet) { p.Data[14+28], p.Data[14+3] = 0x60, 20+8+39 }, portlist.L4TooShort},
		{"no PTB", func(p *pipeline.Packet) { p.Data[34] = 8 }, portlist.PayloadTooShort},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
			tc.change(&p)
			if got := pipelinetest.Decide(build(t, parse(t, "443")...), &p); got != tc.want {
				t.Errorf("reason %d, want %d", got, tc.want)
			}
		})
	}
}

// TestExtensionHeaders finds the port behind an IPv6 extension header, where the
// original daemon takes that for one.
func TestExtensionHeaders(t *testing.T) {
	p := pipelinetest.PTB{Router: netip.MustParseAddr("2001:db8:f::1")}.Packet(pipelinetest.Begin)
	const quoted = 14 + 48
	header := []byte{6, 0, 1, 4, 0, 0, 0, 0} // destination options: padding
	p.Data = slices.Insert(p.Data, quoted+40, header...)
	p.Data[quoted+6], p.Length = 60, len(p.Data)
	p.Data[14+5] += 8
	if got := pipelinetest.Decide(build(t, parse(t, "443/tcp")...), &p); got != pipeline.Pass || p.ReadPort != 443 {
		t.Errorf("reason %d, port %d", got, p.ReadPort)
	}
	original := buildOriginal(t, parse(t, "443")...)
	if got := pipelinetest.Decide(original, &p); got != portlist.PortNotListed || p.ReadPort != 6<<8 {
		t.Errorf("original: reason %d, port %d", got, p.ReadPort)
	}
	const want = "1536 where the original daemon reads the source port, although it is not one, not listed"
	if got := original.(pipeline.Explainer).Explain(&p); got != want {
		t.Errorf("explanation of the original %q, want %q", got, want)
	}
}

func TestOriginalRefusesProtocols(t *testing.T) {
	for _, text := range []string{"443/udp", "tcp"} {
		_, err := portlist.New(portlist.Settings{Ports: parse(t, text), IgnoreProtocol: true}, pipelinetest.Env(t))
		var setting *setting.Error
		if !errors.As(err, &setting) || setting.Setting != "ports" {
			t.Errorf("%s: error %v, want one about ports", text, err)
		}
	}
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
		{"the other byte order", []portlist.Range{one(0x5000)}, 0x0050, portlist.PortNotListed},
	} {
		for _, router := range []string{"203.0.113.1", "2001:db8:f::1"} {
			t.Run(tc.name+", "+router, func(t *testing.T) {
				for name, filter := range map[string]pipeline.Filter{"": build(t, tc.ports...), "original: ": buildOriginal(t, tc.ports...)} {
					p := pipelinetest.PTB{Router: netip.MustParseAddr(router), SrcPort: tc.port}.Packet(pipelinetest.Begin)
					if got := pipelinetest.Decide(filter, &p); got != tc.want {
						t.Errorf("%sreason %d, want %d", name, got, tc.want)
					}
					if p.ReadPort != int32(tc.port) {
						t.Errorf("%sread port %d, want %d", name, p.ReadPort, tc.port)
					}
				}
			})
		}
	}
}

// TestOriginalQuotes reads ports where the original daemon does.
func TestOriginalQuotes(t *testing.T) {
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
		{"one byte", []byte{0x45}, portlist.L4TooShort, -1},
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
			p := pipeline.Packet{Data: data, Length: len(data), LinkType: linklayer.Ethernet}
			if got := pipelinetest.Decide(buildOriginal(t, portlist.Range{First: 80, Last: 80}), &p); got != tc.want {
				t.Errorf("reason %d, want %d", got, tc.want)
			}
			if p.ReadPort != tc.port {
				t.Errorf("read port %d, want %d", p.ReadPort, tc.port)
			}
		})
	}
}

func TestNotPTB(t *testing.T) {
	p := pipeline.Packet{LinkType: linklayer.Ethernet}
	if got := pipelinetest.Decide(buildOriginal(t, portlist.Range{Last: 65535}), &p); got != portlist.PayloadTooShort {
		t.Errorf("reason %d, want %d", got, portlist.PayloadTooShort)
	}
}

func TestNewRefusesAnEmptyList(t *testing.T) {
	_, err := portlist.Plugin().Build(&portlist.Settings{}, pipelinetest.Env(t))
	var setting *setting.Error
	if !errors.As(err, &setting) || setting.Setting != "ports" {
		t.Errorf("error %v, want one about ports", err)
	}
}
