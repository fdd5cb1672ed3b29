package vectors_test

import (
	"strconv"
	"testing"

	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/filters/length"
	"github.com/pmtud/pmtud/filters/mtu"
	"github.com/pmtud/pmtud/filters/portlist"
	"github.com/pmtud/pmtud/filters/srcrate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// options are those of the command line that decisions depend on.
type options struct {
	ports           bool
	strict          bool
	source, network float64 // rates
}

// unlimited is the rate with which the vectors of public.pcap were made.
const unlimited = 1e9

func (o options) filters() []pipeline.Stage {
	stages := []pipeline.Stage{
		{Plugin: icmpptb.Plugin()},
		{Plugin: length.Plugin()},
		{Plugin: mtu.Plugin(), Settings: &mtu.Settings{Min: 68, Max: 16384, Strict: o.strict}},
	}
	if o.ports {
		stages = append(stages, pipeline.Stage{Plugin: portlist.Plugin(), Settings: &portlist.Settings{
			Ports:          []portlist.Range{{First: 80, Last: 80}, {First: 443, Last: 443}, {First: 8080, Last: 8080}},
			IgnoreProtocol: true,
		}})
	}
	bySource := srcrate.Plugin().NewSettings().(*srcrate.Settings)
	total := ifacerate.Plugin().NewSettings().(*ifacerate.Settings)
	bySource.Rate, total.Rate = o.source, o.network
	return append(stages,
		pipeline.Stage{Plugin: srcrate.Plugin(), Settings: bySource},
		pipeline.Stage{Plugin: ifacerate.Plugin(), Settings: total})
}

// TestDecisions compares every verdict. The vectors of rates below 0.526 are left
// out: there the original never forwards anything, and pmtud does.
func TestDecisions(t *testing.T) {
	public := options{source: unlimited, network: unlimited}
	for _, tc := range []struct {
		vectors, capture string
		options          options
	}{
		{"default", "public", public},
		{"use-src", "public", public},
		{"ports", "public", options{ports: true, source: unlimited, network: unlimited}},
		{"strict", "public", options{strict: true, source: unlimited, network: unlimited}},
		{"ports-strict-use-src", "public", options{ports: true, strict: true, source: unlimited, network: unlimited}},
		{"rate-1.src1-iface10", "rate-1", options{source: 1, network: 10}},
		{"rate-1.src1.1-iface10", "rate-1", options{source: 1.1, network: 10}},
		{"rate-1.src100-iface1000", "rate-1", options{source: 100, network: 1000}},
		{"rate-2.src1-iface10", "rate-2", options{source: 1, network: 10}},
		{"rate-2.src1.1-iface10", "rate-2", options{source: 1.1, network: 10}},
		{"rate-2.src100-iface1000", "rate-2", options{source: 100, network: 1000}},
	} {
		t.Run(tc.vectors, func(t *testing.T) {
			compare(t, loadVectors(t, tc.vectors), decide(t, loadPackets(t, tc.capture), tc.options))
		})
	}
}

func decide(t *testing.T, packets []pipeline.Packet, o options) []pipeline.Packet {
	t.Helper()
	p, err := pipeline.NewOffline(pipeline.Spec{
		Name:    "vectors",
		Sources: []pipeline.Stage{pipelinetest.Lend(nil, 1)},
		Filters: o.filters(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range packets {
		packets[i].Decode()
	}
	if _, err := p.Decide(packets, nil); err != nil {
		t.Fatal(err)
	}
	return packets
}

func compare(t *testing.T, vectors []vector, packets []pipeline.Packet) {
	t.Helper()
	if len(vectors) != len(packets) {
		t.Fatalf("%d vectors for %d packets", len(vectors), len(packets))
	}
	for i, v := range vectors {
		p := &packets[i]
		stage, reason := v.expected()
		got := p.Verdict
		if got.Stage != stage || reason != "" && got.Reason != reason {
			t.Errorf("%d %s: decided %+v, want %s %s (%s)", v.packet, v.name, got, stage, reason, v.note)
		}
		if mtu, _ := p.MTU(); v.mtu != "" && strconv.Itoa(int(mtu)) != v.mtu {
			t.Errorf("%d %s: read MTU %d, want %s", v.packet, v.name, mtu, v.mtu)
		}
		if !v.differs() && v.sport != "" && strconv.Itoa(int(p.ReadPort)) != v.sport {
			t.Errorf("%d %s: read port %d, want %s", v.packet, v.name, p.ReadPort, v.sport)
		}
	}
}
