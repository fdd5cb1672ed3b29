package monitor_test

import (
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/pmtud/pmtud/cmd/internal/daemon/metrics"
)

// everything has a stage of each plugin that has metrics, and sinks with filters; but for NATS, which
// is not ready without a server.
const everything = `
canary: {interval: 1s}
pipelines:
  edge:
    sources: [{type: pcap, interface: eth0}, {type: relay, insecure: true}]
    filters:
      - type: icmp-ptb
      - type: length
      - type: mtu
      - type: src-rate
      - type: dedup
      - {type: iface-rate, fair_by: [client]}
    sinks:
      - type: broadcast
        interface: eth0
      - type: peers
        addresses: [192.0.2.9, 2001:db8::9]
      - type: log
        verbosity: 2
        filters: [{type: mtu, max: 1279}, {type: flow, match: elsewhere, tables: [sockets]}]
      - {type: relay, peers: [192.0.2.9], insecure: true}
      - {type: pcap-file, path: %DIR%/edge.pcap}
`

const overNATS = `
  sites:
    sources: [{type: nats, servers: 127.0.0.1}]
    sinks: [{type: nats, servers: 127.0.0.1}]
`

// scrape returns the metrics by name.
func (d *daemon) scrape(t *testing.T) (families map[string]*dto.MetricFamily, text string) {
	t.Helper()
	got := d.get(t, "/metrics")
	if got.Status != 200 {
		t.Fatalf("/metrics: %+v", got)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(got.Body))
	must(t, err)
	return families, got.Body
}

// TestList compares what the program really says with the list of metrics.
func TestList(t *testing.T) {
	lan := newLAN(t)
	d := start(t, lan.host, strings.ReplaceAll(everything, "%DIR%", t.TempDir())+overNATS)
	var families map[string]*dto.MetricFamily
	var text string
	lan.call(t, "web2")
	eventually(t, "the server is heard, and test messages are sent", func() bool {
		families, text = d.scrape(t)
		return families["pmtud_heard_timestamp_seconds"] != nil && families["pmtud_sink_canaries_total"] != nil
	})
	list, err := os.ReadFile("../../../../configs/metrics.txt")
	must(t, err)
	var want []string
	for line := range strings.Lines(string(list)) {
		if !strings.HasPrefix(line, "#") {
			want = append(want, strings.TrimSpace(line))
		}
	}
	var got []string
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "pmtud_") {
			got = append(got, infoOf(f, want).String())
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-list +program):\n%s", diff)
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "process_resident_memory_bytes"} {
		if families[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	t.Run("promtool", func(t *testing.T) { checkWithPromtool(t, text) })
}

// infoOf describes a metric as the list does. The order of labels is the list's, if
// they are the same.
func infoOf(f *dto.MetricFamily, list []string) metrics.Info {
	labels := map[string]bool{}
	for _, m := range f.Metric {
		for _, l := range m.Label {
			labels[l.GetName()] = true
		}
	}
	info := metrics.Info{
		Name: f.GetName(), Type: strings.ToLower(f.GetType().String()), Help: f.GetHelp(),
		Labels: slices.Sorted(maps.Keys(labels)),
	}
	for _, line := range list {
		if fields := strings.Split(line, "\t"); fields[0] == info.Name {
			listed := strings.Split(fields[2], ",")
			if slices.Equal(slices.Sorted(slices.Values(listed)), info.Labels) {
				info.Labels = listed
			}
		}
	}
	return info
}

func checkWithPromtool(t *testing.T, text string) {
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("needs promtool")
	}
	check := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	check.Stdin = strings.NewReader(text)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestScrapeUnderFlood checks that the counters of each scrape balance and only grow while
// the wire is as busy as can be.
func TestScrapeUnderFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	lan := newLAN(t)
	d := start(t, lan.host, strings.ReplaceAll(everything, "%DIR%", t.TempDir()))
	d.awaitReady(t, ready())
	sender := lan.sender(t, 64)
	sent := make(chan int, 1)
	go func() {
		n, err := sender.Run(t.Context(), 200_000, 3*time.Second, nil)
		if err != nil {
			t.Error(err)
		}
		sent <- n
	}()
	var before counters
	scrapes := 0
	for len(sent) == 0 {
		families, _ := d.scrape(t)
		b := countersOf(families)
		b.check(t)
		if b.received < before.received || b.forwarded < before.forwarded || b.delays < before.delays {
			t.Errorf("counters fell from %+v to %+v", before, b)
		}
		before = b
		scrapes++
	}
	n := float64(<-sent)
	eventually(t, "all packets are counted", func() bool {
		families, _ := d.scrape(t)
		before = countersOf(families)
		return before.received+before.lost >= n
	})
	before.check(t)
	t.Logf("%d scrapes while %.0f messages came, of which %.0f were lost", scrapes, n, before.lost)
	if scrapes < 10 || before.forwarded == 0 || before.delays == 0 {
		t.Errorf("%d scrapes, then %+v", scrapes, before)
	}
}

// counters are the sums of one scrape.
type counters struct {
	received, lost, forwarded, dropped float64
	sinks                              map[string]*sinkCounters
	delays                             float64 // measured
}

type sinkCounters struct{ offered, accounted, delivered, delays float64 }

func countersOf(families map[string]*dto.MetricFamily) counters {
	b := counters{sinks: map[string]*sinkCounters{}}
	each := func(name string, add func(sink *sinkCounters, v float64)) {
		for _, m := range families["pmtud_"+name].GetMetric() {
			sink := new(sinkCounters)
			for _, l := range m.Label {
				if l.GetName() != "sink" {
					continue
				}
				if b.sinks[l.GetValue()] == nil {
					b.sinks[l.GetValue()] = sink
				}
				sink = b.sinks[l.GetValue()]
			}
			add(sink, m.GetCounter().GetValue()+m.GetGauge().GetValue()+float64(m.GetHistogram().GetSampleCount()))
		}
	}
	each("received_packets_total", func(_ *sinkCounters, v float64) { b.received += v })
	each("lost_packets_total", func(_ *sinkCounters, v float64) { b.lost += v })
	each("forwarded_packets_total", func(_ *sinkCounters, v float64) { b.forwarded += v })
	each("dropped_packets_total", func(_ *sinkCounters, v float64) { b.dropped += v })
	each("sink_offered_packets_total", func(s *sinkCounters, v float64) { s.offered += v })
	each("sink_delivered_packets_total", func(s *sinkCounters, v float64) { s.delivered += v })
	each("sink_delay_seconds", func(s *sinkCounters, v float64) { s.delays += v; b.delays += v })
	for _, name := range []string{
		"sink_dropped_packets_total", "sink_delivered_packets_total", "sink_failed_packets_total", "sink_shed_packets_total",
		"sink_queue_packets", "sink_delivering_packets",
	} {
		each(name, func(s *sinkCounters, v float64) { s.accounted += v })
	}
	return b
}

func (b counters) check(t *testing.T) {
	t.Helper()
	if b.received != b.forwarded+b.dropped {
		t.Errorf("received %v, forwarded %v and dropped %v", b.received, b.forwarded, b.dropped)
	}
	for name, s := range b.sinks {
		if s.offered != s.accounted || s.delivered != s.delays || s.offered < b.forwarded {
			t.Errorf("sink %s: %+v, forwarded %v", name, s, b.forwarded)
		}
	}
}
