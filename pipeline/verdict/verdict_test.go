package verdict_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/verdict"
)

var router6 = netip.MustParseAddr("2001:db8:f::1")

// packet returns a decided packet.
func packet(m pipelinetest.PTB, change ...func(*pipeline.Packet)) *pipeline.Packet {
	p := m.Packet(pipelinetest.Begin)
	p.Decode()
	for _, c := range change {
		c(&p)
	}
	return &p
}

func dropped(stage, reason string) func(*pipeline.Packet) {
	return func(p *pipeline.Packet) { p.Verdict = pipeline.Verdict{Stage: stage, Reason: reason} }
}

func read(port int32) func(*pipeline.Packet) { return func(p *pipeline.Packet) { p.ReadPort = port } }

func later(d time.Duration) func(*pipeline.Packet) {
	return func(p *pipeline.Packet) { p.Time += pipeline.Instant(d) }
}

// change alters bytes of the frame, and decodes it again.
func change(at int, octets ...byte) func(*pipeline.Packet) {
	return func(p *pipeline.Packet) {
		copy(p.Data[at:], octets)
		p.Decode()
	}
}

func cut(n int) func(*pipeline.Packet) {
	return func(p *pipeline.Packet) {
		p.Data = p.Data[:n]
		p.Decode()
	}
}

func TestAppendJSON(t *testing.T) {
	const ports = `"sport":443,"dst":"198.51.100.7","dport":40000}`
	for _, tc := range []struct {
		name   string
		number uint64
		packet *pipeline.Packet
		sinks  []string
		want   string
	}{
		{
			"forwarded", 1, packet(pipelinetest.PTB{}), nil,
			`{"packet":1,"time":"2026-01-02T03:04:05.000000Z","verdict":"forward","router":"203.0.113.1","target":"192.0.2.1","mtu":1400,"proto":"tcp","src":"192.0.2.1",` + ports,
		},
		{
			"IPv6", 2, packet(pipelinetest.PTB{Router: router6, MTU: 70000}), nil,
			`{"packet":2,"time":"2026-01-02T03:04:05.000000Z","verdict":"forward","router":"2001:db8:f::1","target":"2001:db8::1","mtu":70000,"proto":"tcp","src":"2001:db8::1","sport":443,"dst":"2001:db8:c::7","dport":40000}`,
		},
		{
			"dropped", 3, packet(pipelinetest.PTB{}, dropped("port-list", "port-not-listed"), read(443)), nil,
			`{"packet":3,"time":"2026-01-02T03:04:05.000000Z","verdict":"drop","stage":"port-list","reason":"port-not-listed","router":"203.0.113.1","target":"192.0.2.1","mtu":1400,"proto":"tcp","src":"192.0.2.1",` + ports,
		},
		{
			"without number, microseconds", 0, packet(pipelinetest.PTB{}, later(6*time.Microsecond)), nil,
			`{"time":"2026-01-02T03:04:05.000006Z","verdict":"forward","router":"203.0.113.1","target":"192.0.2.1","mtu":1400,"proto":"tcp","src":"192.0.2.1",` + ports,
		},
		{
			"nanoseconds, sinks", 18446744073709551615, packet(pipelinetest.PTB{}, later(7)),
			[]string{"broadcast", "log"},
			`{"packet":18446744073709551615,"time":"2026-01-02T03:04:05.000000007Z","verdict":"forward","sinks":["broadcast","log"],"router":"203.0.113.1","target":"192.0.2.1","mtu":1400,"proto":"tcp","src":"192.0.2.1",` + ports,
		},
		{
			"no sinks got it", 4, packet(pipelinetest.PTB{}),
			[]string{},
			`{"packet":4,"time":"2026-01-02T03:04:05.000000Z","verdict":"forward","sinks":[],"router":"203.0.113.1","target":"192.0.2.1","mtu":1400,"proto":"tcp","src":"192.0.2.1",` + ports,
		},
		{
			"quoted protocol without ports", 5, packet(pipelinetest.PTB{}, change(14+28+9, 50)), nil,
			`{"packet":5,"time":"2026-01-02T03:04:05.000000Z","verdict":"forward","router":"203.0.113.1","target":"192.0.2.1","mtu":1400,"proto":"esp","src":"192.0.2.1","dst":"198.51.100.7"}`,
		},
		{
			"port that a filter read where there is none", 6, packet(pipelinetest.PTB{}, change(14+28+9, 50), read(443)), nil,
			`{"packet":6,"time":"2026-01-02T03:04:05.000000Z","verdict":"forward","router":"203.0.113.1","target":"192.0.2.1","mtu":1400,"proto":"esp","src":"192.0.2.1","sport":443,"dst":"198.51.100.7"}`,
		},
		{
			"port 0 that a filter read, stage with a space", 12, packet(pipelinetest.PTB{}, dropped("my ports", "port-not-listed"), read(0)), nil,
			`{"packet":12,"time":"2026-01-02T03:04:05.000000Z","verdict":"drop","stage":"my ports","reason":"port-not-listed","router":"203.0.113.1","target":"192.0.2.1","mtu":1400,"proto":"tcp","src":"192.0.2.1","sport":0,"dst":"198.51.100.7","dport":40000}`,
		},
		{
			"ports behind the IP packet's end", 10, packet(pipelinetest.PTB{}, change(14+2, 0, 20+8+20)), nil,
			`{"packet":10,"time":"2026-01-02T03:04:05.000000Z","verdict":"forward","router":"203.0.113.1","target":"192.0.2.1","mtu":1400,"proto":"tcp","src":"192.0.2.1","dst":"198.51.100.7"}`,
		},
		{
			"quote behind the IP packet's end, by which a filter decided", 11, packet(pipelinetest.PTB{}, change(14+2, 0, 20+8), read(443)), nil,
			`{"packet":11,"time":"2026-01-02T03:04:05.000000Z","verdict":"forward","router":"203.0.113.1","target":"192.0.2.1","mtu":1400,"sport":443}`,
		},
		{
			"quote cut", 7, packet(pipelinetest.PTB{}, cut(14+28+19)), nil,
			`{"packet":7,"time":"2026-01-02T03:04:05.000000Z","verdict":"forward","router":"203.0.113.1","target":"192.0.2.1","mtu":1400}`,
		},
		{
			"MTU cut", 8, packet(pipelinetest.PTB{}, cut(14+27)), nil,
			`{"packet":8,"time":"2026-01-02T03:04:05.000000Z","verdict":"forward","router":"203.0.113.1","target":"192.0.2.1"}`,
		},
		{
			"not IP", 9, packet(pipelinetest.PTB{}, change(12, 0x08, 0x06), dropped("icmp-ptb", "not-ptb")), nil,
			`{"packet":9,"time":"2026-01-02T03:04:05.000000Z","verdict":"drop","stage":"icmp-ptb","reason":"not-ptb"}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := string(verdict.AppendJSON([]byte("before "), verdict.Place{Number: tc.number}, tc.packet, tc.sinks))
			if diff := cmp.Diff("before "+tc.want, got); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProtocolNames(t *testing.T) {
	for number, name := range map[byte]string{
		1: "icmp", 4: "ipip", 6: "tcp", 17: "udp", 33: "dccp", 41: "ipv6", 44: "fragment", 47: "gre", 50: "esp",
		51: "ah", 58: "icmpv6", 132: "sctp", 136: "udplite", 0: "0", 89: "89", 255: "255",
	} {
		line := verdict.AppendJSON(nil, verdict.Place{}, packet(pipelinetest.PTB{}, change(14+28+9, number)), nil)
		if want := fmt.Sprintf(`"proto":%q`, name); !bytes.Contains(line, []byte(want)) {
			t.Errorf("protocol %d: %s lacks %s", number, line, want)
		}
	}
}

// TestJSONIsValid reads every line back, for packets of every kind.
func TestJSONIsValid(t *testing.T) {
	for i, p := range pipelinetest.Packets() {
		p.Decode()
		line := verdict.AppendJSON(nil, verdict.Place{Number: uint64(i)}, &p, nil)
		var got struct {
			Packet          int
			Time            time.Time
			Verdict         string
			Router, Target  string
			MTU             *uint32
			Proto, Src, Dst string
			Sport, Dport    *uint16
			Stage, Reason   string
		}
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&got); err != nil {
			t.Fatalf("packet %d: %s: %v", i, line, err)
		}
		if got.Packet != i || !got.Time.Equal(p.Time.Time()) || got.Verdict != "forward" {
			t.Fatalf("packet %d: %s", i, line)
		}
		if mtu, ok := p.MTU(); ok != (got.MTU != nil) || ok && *got.MTU != mtu {
			t.Fatalf("packet %d: %s, MTU is %d, %v", i, line, mtu, ok)
		}
	}
}

func TestJSONNames(t *testing.T) {
	for _, name := range []string{
		"", "port-list", `say "hi"`, `back\slash`, "line\nend\r\ttab", "\x00\x01\x1f\x7f", "größer", "日本", "\u2028", "😀", "bad\xff\xc3utf8", "</script>",
	} {
		p := packet(pipelinetest.PTB{}, dropped(name, "x"))
		line := verdict.AppendJSON(nil, verdict.Place{}, p, []string{name, "second"})
		if !utf8.Valid(line) || bytes.ContainsAny(line, "\n\r\x00") {
			t.Errorf("%q: line %q", name, line)
		}
		var got struct {
			Stage string
			Sinks []string
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Errorf("%q: %s: %v", name, line, err)
		}
		want := strings.ToValidUTF8(name, "\ufffd")
		if name == "bad\xff\xc3utf8" {
			want = "bad\ufffd\ufffdutf8"
		}
		if got.Stage != want || len(got.Sinks) != 2 || got.Sinks[0] != want {
			t.Errorf("%q came back as %q and %q", name, got.Stage, got.Sinks)
		}
	}
}

func TestAppendText(t *testing.T) {
	for _, tc := range []struct {
		name   string
		packet *pipeline.Packet
		want   string
	}{
		{"forwarded", packet(pipelinetest.PTB{}, read(80)), "203.0.113.1 transmitting mtu=1400 sport=80"},
		{"no port list", packet(pipelinetest.PTB{}), "203.0.113.1 transmitting mtu=1400 sport=-1"},
		{"dropped", packet(pipelinetest.PTB{}, read(8081), dropped("port-list", "port-not-listed")), "203.0.113.1 port-not-listed mtu=1400 sport=8081"},
		{"IPv6", packet(pipelinetest.PTB{Router: router6, MTU: 4294967295}), "2001:db8:f::1 transmitting mtu=4294967295 sport=-1"},
		{"no MTU", packet(pipelinetest.PTB{}, change(35, 3), dropped("icmp-ptb", "not-ptb")), "203.0.113.1 not-ptb mtu=-1 sport=-1"},
		{"not IP", packet(pipelinetest.PTB{}, change(12, 0x08, 0x06), dropped("icmp-ptb", "not-ptb")), "- not-ptb mtu=-1 sport=-1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, string(verdict.AppendText(nil, tc.packet, false))); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
			want := "before " + tc.want + " " + hex.EncodeToString(tc.packet.Data)
			if diff := cmp.Diff(want, string(verdict.AppendText([]byte("before "), tc.packet, true))); diff != "" {
				t.Errorf("line with bytes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTextIsOneLine(t *testing.T) {
	for i, p := range pipelinetest.Packets() {
		p.Decode()
		if line := verdict.AppendText(nil, &p, true); bytes.ContainsAny(line, "\n\r") {
			t.Fatalf("packet %d: %q", i, line)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	p := packet(pipelinetest.PTB{Router: router6}, dropped("größe", "x"), later(7))
	dst := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() {
		verdict.AppendJSON(dst, verdict.Place{Capture: "a.pcap", Number: 1}, p, nil)
		verdict.AppendText(dst, p, true)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestPlace(t *testing.T) {
	p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	p.Decode()
	p.Verdict = pipeline.Verdict{Reason: "outgoing"}
	for _, tc := range []struct {
		at         verdict.Place
		json, text string
	}{
		{verdict.Place{}, `{"time":"2026-01-02T03:04:05.000000Z","verdict":"not-captured","reason":"outgoing",`, "packet 0"},
		{
			verdict.Place{Capture: `a".pcap`, Number: 3, Cut: true},
			`{"capture":"a\".pcap","packet":3,"time":"2026-01-02T03:04:05.000000Z","cut":true,"verdict":"not-captured","reason":"outgoing",`,
			`packet 3 of a".pcap`,
		},
	} {
		if got := string(verdict.AppendJSON(nil, tc.at, &p, nil)); !strings.HasPrefix(got, tc.json) {
			t.Errorf("got %s, want %s...", got, tc.json)
		}
		if got := tc.at.String(); got != tc.text {
			t.Errorf("got %q, want %q", got, tc.text)
		}
	}
}

func TestAppendTerminal(t *testing.T) {
	at := pipelinetest.Begin.Time().Local().Format("15:04:05.000000")
	for _, tc := range []struct {
		name   string
		packet *pipeline.Packet
		want   string
	}{
		{"forwarded", packet(pipelinetest.PTB{}, read(80)), at + " 203.0.113.1 transmitting mtu=1400 sport=80 client=198.51.100.7"},
		{"IPv6", packet(pipelinetest.PTB{Router: router6}), at + " 2001:db8:f::1 transmitting mtu=1400 sport=-1 client=2001:db8:c::7"},
		{"nothing quoted", packet(pipelinetest.PTB{}, cut(14+28)), at + " 203.0.113.1 transmitting mtu=1400 sport=-1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, string(verdict.AppendTerminal(nil, tc.packet, false))); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
			want := "before " + tc.want + " " + hex.EncodeToString(tc.packet.Data)
			if diff := cmp.Diff(want, string(verdict.AppendTerminal([]byte("before "), tc.packet, true))); diff != "" {
				t.Errorf("line with bytes (-want +got):\n%s", diff)
			}
		})
	}
}
