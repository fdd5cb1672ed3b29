package replay_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/offline/replay"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestTrace wants the last packet's trace to have the verdict that a replay gives
// it.
func TestTrace(t *testing.T) {
	sound := pipelinetest.PTB{}
	small := pipelinetest.PTB{MTU: 1200, Router: netip.MustParseAddr("203.0.113.9")}
	echo := sound.Packet(pipelinetest.Begin)
	echo.Data[34] = 8
	packet := func(m pipelinetest.PTB) pipeline.Packet { return m.Packet(pipelinetest.Begin) }
	for name, tc := range map[string]struct {
		packets []pipeline.Packet
		want    string // the table
	}{
		"dropped first": {[]pipeline.Packet{echo}, `
icmp-ptb      drops it: not-ptb  not a packet-too-big message but ICMPv4 type 8
                                 code 4, 142 of 142 bytes captured
length        not asked          128 bytes from the IP header on, at least 56;
                                 header of 20, at least 20
mtu           not asked          no next-hop MTU
src-rate      not asked          router 203.0.113.1 has credit for 9.50 of 9.50
                                 packets
iface-rate    not asked          credit for 95.00 of 95.00 packets
broadcast     does not get it
small         does not get it
  mtu         not asked          no next-hop MTU
  iface-rate  not asked          credit for 5.70 of 5.70 packets
log           gets it
`},
		"forwarded, not to all": {[]pipeline.Packet{packet(sound)}, `
icmp-ptb      passes             ICMPv4 type 3 code 4, 142 of 142 bytes captured
length        passes             128 bytes from the IP header on, at least 56;
                                 header of 20, at least 20
mtu           passes             next-hop MTU 1400, allowed 68 to 16384
src-rate      passes             router 203.0.113.1 has credit for 9.50 of 9.50
                                 packets
iface-rate    passes             credit for 95.00 of 95.00 packets
broadcast     gets it
small         does not get it
  mtu         drops it: bad-mtu  next-hop MTU 1400, allowed 68 to 1300
  iface-rate  not asked          credit for 5.70 of 5.70 packets
log           gets it
`},
		"after others": {[]pipeline.Packet{packet(small), packet(small)}, `
icmp-ptb      passes   ICMPv4 type 3 code 4, 142 of 142 bytes captured
length        passes   128 bytes from the IP header on, at least 56; header of
                       20, at least 20
mtu           passes   next-hop MTU 1200, allowed 68 to 16384
src-rate      passes   router 203.0.113.9 has credit for 8.50 of 9.50 packets
iface-rate    passes   credit for 94.00 of 95.00 packets
broadcast     gets it
small         gets it
  mtu         passes   next-hop MTU 1200, allowed 68 to 1300
  iface-rate  passes   credit for 4.70 of 5.70 packets
log           gets it
`},
	} {
		t.Run(name, func(t *testing.T) {
			path := capture(t, "in.pcapng", tc.packets)
			trace, err := replay.TraceCapture(t.Context(), spec(t, twoSinks), path, nil, uint64(len(tc.packets)), nil)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := trace.Print(&out); err != nil {
				t.Fatal(err)
			}
			verdict, table, _ := strings.Cut(out.String(), "\n")
			if diff := cmp.Diff(strings.TrimPrefix(tc.want, "\n"), table); diff != "" {
				t.Errorf("trace (-want +got):\n%s", diff)
			}
			replayed, err := run(t.Context(), t, strings.ReplaceAll(twoSinks, "verbosity: 2", "verbosity: 1"), replay.Options{Captures: []string{path}})
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(replayed.verdicts), "\n")
			want, last := withoutSinks(lines[len(lines)-1]), verdict
			if want != last {
				t.Errorf("the trace's verdict is %s, the replay's %s", last, want)
			}
		})
	}
}

// withoutSinks leaves out what a trace has in its table.
func withoutSinks(verdict string) string {
	before, after, found := strings.Cut(verdict, `"sinks":[`)
	if !found {
		return verdict
	}
	_, after, _ = strings.Cut(after, "],")
	return before + after
}

// TestTracePacket takes the packet as the pipeline's first.
func TestTracePacket(t *testing.T) {
	p := pipelinetest.PTB{MTU: 60}.Packet(0)
	trace, err := replay.TracePacket(spec(t, twoSinks), &p)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := trace.Print(&out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"stage":"mtu","reason":"bad-mtu"`) || !strings.Contains(out.String(), "drops it: bad-mtu") {
		t.Errorf("trace is\n%s", out.String())
	}
}

// TestTraceMistakes wants numbers behind the end and damage to be told.
func TestTraceMistakes(t *testing.T) {
	path := capture(t, "in.pcap", []pipeline.Packet{pipelinetest.PTB{}.Packet(0)})
	for name, tc := range map[string]struct {
		path string
		want string
	}{
		"behind the end": {path, "has no packet 2: it ends after 1"},
		"no file":        {"nowhere.pcap", "nowhere.pcap: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := replay.TraceCapture(t.Context(), spec(t, twoSinks), tc.path, nil, 2, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// TestTraceNumbers wants numbers to count every packet of a capture, and one that the
// source would not have captured to say why.
func TestTraceNumbers(t *testing.T) {
	path := capture(t, "in.pcapng", incomingAmongOthers())
	for number, want := range map[uint64]string{
		1: "pcap  does not capture it: outgoing\n",
		2: "pcap  does not capture it: other-host\n",
		3: "icmp-ptb      passes",
		5: "icmp-ptb      drops it: truncated",
	} {
		trace, err := replay.TraceCapture(t.Context(), spec(t, twoSinks), path, nil, number, nil)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := trace.Print(&out); err != nil {
			t.Fatal(err)
		}
		verdict, table, _ := strings.Cut(out.String(), "\n")
		if !strings.HasPrefix(verdict, fmt.Sprintf(`{"packet":%d,`, number)) || !strings.Contains(table, want) {
			t.Errorf("trace of packet %d is\n%s", number, out.String())
		}
		hint := "all 142 bytes, of which this capture has 60\n"
		if number == 5 != (strings.HasPrefix(table, "pcap          delivers it") && strings.Contains(table, hint)) {
			t.Errorf("trace of packet %d is\n%s", number, out.String())
		}
	}
	_, err := replay.TraceCapture(t.Context(), spec(t, twoSinks), path, nil, 6, nil)
	if err == nil || !strings.Contains(err.Error(), "has no packet 6: it ends after 5") {
		t.Errorf("error is %v", err)
	}
}

// incomingAmongOthers are five packets: one sent, one to another host, two that come
// in, and one of which the capture has 60 bytes.
func incomingAmongOthers() (packets []pipeline.Packet) {
	kinds := []linklayer.PacketType{linklayer.TypeOutgoing, linklayer.TypeOtherHost, linklayer.TypeHost, linklayer.TypeUnknown, linklayer.TypeHost}
	for i, kind := range kinds {
		p := pipelinetest.PTB{}.Packet(pipelinetest.Begin + pipeline.Instant(i))
		p.Type = kind
		packets = append(packets, p)
	}
	packets[4].Data = packets[4].Data[:60]
	return packets
}
