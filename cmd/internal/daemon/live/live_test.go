package live_test

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/live"
	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/filters/ifacerate"
	"github.com/pmtud/pmtud/filters/length"
	"github.com/pmtud/pmtud/filters/mtu"
	"github.com/pmtud/pmtud/filters/srcrate"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// generator is a source that hands out what a test gives it. It never ends by itself.
type generator struct {
	batches chan []pipeline.Packet
	done    chan struct{} // gets a token when a batch has been decided
}

func (generator) Open(context.Context) error { return nil }
func (generator) Close() error               { return nil }

func (g generator) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case b := <-g.batches:
			deliver(b)
			g.done <- struct{}{}
		}
	}
}

type nowhere struct{}

func (nowhere) Open(context.Context) error                    { return nil }
func (nowhere) Deliver([]*pipeline.Packet, []pipeline.Reason) {}
func (nowhere) Flush()                                        {}
func (nowhere) Close() error                                  { return nil }

// world is a pipeline that runs and is watched.
type world struct {
	generator
	live     *live.Live
	pipeline *pipeline.Pipeline
	log      *pipelinetest.Buffer
}

func newSpec(g pipeline.Source, w pipeline.Watcher) pipeline.Spec {
	return pipeline.Spec{
		Name: "edge", Watcher: w,
		Sources: []pipeline.Stage{{Plugin: pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
			Type: "generator", New: func(struct{}, pipeline.Env) (pipeline.Source, error) { return g, nil },
		})}},
		Filters: []pipeline.Stage{
			{Plugin: icmpptb.Plugin()},
			{Plugin: length.Plugin()},
			{Plugin: mtu.Plugin(), Settings: &mtu.Settings{Min: 1000, Max: 1450}},
		},
		Sinks: []pipeline.SinkStage{{Stage: pipeline.Stage{Plugin: pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
			Type: "nowhere", New: func(struct{}, pipeline.Env) (pipeline.Sink, error) { return nowhere{}, nil },
		})}}},
	}
}

// start runs a pipeline until the test ends.
func start(t *testing.T) *world {
	t.Helper()
	w := &world{generator: generator{make(chan []pipeline.Packet), make(chan struct{})}, log: new(pipelinetest.Buffer)}
	w.live = live.New(slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{ReplaceAttr: withoutTime})))
	var err error
	if w.pipeline, err = pipeline.New(newSpec(w.generator, w.live.Watcher("edge"))); err != nil {
		t.Fatal(err)
	}
	if err := w.pipeline.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- w.pipeline.Run(ctx) }()
	began := time.Now()
	go w.live.Run(ctx, func() service.Status { return w.status(began) })
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func (w *world) status(since time.Time) service.Status {
	return service.Status{Pipelines: []service.PipelineStatus{{Name: "edge", Pipeline: w.pipeline, Since: since}}}
}

// send has the pipeline decide about packets.
func (w *world) send(packets ...pipeline.Packet) {
	w.batches <- packets
	<-w.done
}

// from returns n messages of a router about a client.
func from(router, client string, mtu uint32, n int) []pipeline.Packet {
	p := pipelinetest.PTB{Router: netip.MustParseAddr(router), Client: netip.MustParseAddr(client), MTU: mtu}.Packet(pipelinetest.Begin)
	return slices.Repeat([]pipeline.Packet{p}, n)
}

// flat is what a list says of a key.
type flat struct {
	Key           string
	Count, Marked uint64
}

func flatten(l live.List[netip.Prefix]) (all []flat) {
	for _, e := range l.Entries {
		all = append(all, flat{e.Key.String(), e.Count, e.Marked})
	}
	return all
}

func TestTop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.send(from("203.0.113.1", "198.51.100.7", 1400, 7)...)
		w.send(from("203.0.113.2", "198.51.100.99", 1500, 3)...) // dropped
		w.send(from("2001:db8::1", "2001:db8:1:2ff::7", 1280, 2)...)
		top, ok := w.live.Top("edge", 2)
		if !ok {
			t.Fatal("no lists")
		}
		if diff := cmp.Diff([]flat{{"203.0.113.1/32", 7, 0}, {"203.0.113.2/32", 3, 3}}, flatten(top.Routers)); diff != "" {
			t.Errorf("routers (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]flat{{"198.51.100.0/24", 10, 3}, {"2001:db8:1:200::/56", 2, 0}}, flatten(top.Clients)); diff != "" {
			t.Errorf("clients (-want +got):\n%s", diff)
		}
		if top.Routers.Total != 12 || top.Stride != 1 || top.MTUs.Entries[0].Key != 1400 {
			t.Errorf("lists are %+v", top)
		}
		if _, ok := w.live.Top("other", 2); ok {
			t.Error("a pipeline that is not there has lists")
		}

		time.Sleep(31 * time.Second) // one generation later they are still there
		w.send(from("203.0.113.1", "198.51.100.7", 1400, 1)...)
		if top, _ = w.live.Top("edge", 1); top.Routers.Entries[0].Count != 8 {
			t.Errorf("after 31 s: %+v", top.Routers)
		}
		time.Sleep(30 * time.Second) // and after another one only the last
		if top, _ = w.live.Top("edge", 9); top.Routers.Total != 1 || len(top.Routers.Entries) != 1 {
			t.Errorf("after 61 s: %+v", top.Routers)
		}
		if age := time.Since(top.Since); age < 30*time.Second || age > 61*time.Second {
			t.Errorf("lists cover %v", age)
		}
	})
}

// TestSample floods the lists. They look at a part of the packets, a larger one after they were
// read, and are right in the mean.
func TestSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		const rounds, perSecond = 30, 16 * 256
		heavy, light := from("203.0.113.1", "198.51.100.7", 1400, 192), from("203.0.113.2", "198.51.100.7", 1400, 64)
		batch := slices.Concat(heavy, light)
		time.Sleep(time.Second / 2) // between two countings, which nothing waits for
		flood := func() live.Top {
			for range rounds {
				for range perSecond / len(batch) {
					w.send(batch...)
				}
				time.Sleep(time.Second)
			}
			top, _ := w.live.Top("edge", 2)
			return top
		}
		top := flood()
		if top.Stride < 32 || top.Stride > 128 {
			t.Errorf("at %d packets a second one in %d is looked at", perSecond, top.Stride)
		}
		const sent = rounds * perSecond
		if n := top.Routers.Total; n < 95*sent/100 || n > 105*sent/100 {
			t.Errorf("%d packets were sent, the sample says %d", sent, n)
		}
		if n := top.Routers.Entries[0].Count; n < 70*sent/100 || n > 80*sent/100 {
			t.Errorf("three in four packets are of one router, the sample says %d of %d", n, sent)
		}
		if top = flood(); top.Stride != 4 {
			t.Errorf("at %d packets a second one in %d is looked at after the lists were read", perSecond, top.Stride)
		}
		for range 10 {
			time.Sleep(time.Second)
		}
		if top, _ = w.live.Top("edge", 2); top.Stride != 1 {
			t.Errorf("at rest one packet in %d is looked at", top.Stride)
		}
	})
}

// TestMessages wants the last message about each client, forwarded or not.
func TestMessages(t *testing.T) {
	w := start(t)
	w.send(from("203.0.113.1", "198.51.100.7", 1400, 2)...)
	w.send(from("203.0.113.2", "198.51.100.7", 1500, 1)...) // dropped
	w.send(from("2001:db8::1", "2001:db8:1:2ff::7", 1280, 1)...)
	got := w.live.Messages()
	slices.SortFunc(got, func(a, b live.Message) int { return a.Client.Compare(b.Client) })
	at := pipelinetest.Begin.Time()
	want := []live.Message{
		{netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("203.0.113.2"), 1500, at},
		{netip.MustParseAddr("2001:db8:1:2ff::7"), netip.MustParseAddr("2001:db8::1"), 1280, at},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// TestMessagesAreBounded sends messages about more clients than are remembered.
func TestMessagesAreBounded(t *testing.T) {
	w := start(t)
	const clients = 20000
	for i := range clients {
		w.send(from("203.0.113.1", netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).String(), 1400, 1)...)
	}
	if got := len(w.live.Messages()); got < 1500 || got > 4096 {
		t.Errorf("%d clients are remembered of %d", got, clients)
	}
}

func TestHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := start(t)
		for range 3700 {
			w.send(from("203.0.113.1", "198.51.100.7", 1400, 2)...)
			time.Sleep(time.Second)
		}
		status := w.status(began)
		now := w.live.Now(t.Context(), status)[0]
		if now.Counters.Received != 7400 {
			t.Errorf("%d packets were received", now.Counters.Received)
		}
		if n, d := now.Counters.Received-now.Ten.Counters.Received, now.At.Sub(now.Ten.At); d < 9*time.Second || d > 11*time.Second || n < 18 || n > 22 {
			t.Errorf("%d packets in %v", n, d)
		}
		if n, d := now.Counters.Received-now.Minute.Counters.Received, now.At.Sub(now.Minute.At); d < 50*time.Second || d > 61*time.Second || n < 100 || n > 122 {
			t.Errorf("%d packets in %v", n, d)
		}
		hour := w.live.Hours(status)["edge"]
		if n := len(hour); n != 360 || hour[n-1].At.Sub(hour[0].At) != 3590*time.Second {
			t.Errorf("the hour has %d points: %v", n, hour)
		}
	})
}

// TestSummary wants a line every 30 s while many packets are dropped, and none otherwise.
func TestSummary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		noise := from("203.0.113.1", "198.51.100.7", 1400, 256)
		for i := range noise { // no PTBs
			noise[i].Data = slices.Clone(noise[i].Data)
			noise[i].Data[14+20] = 8
		}
		time.Sleep(time.Second / 2) // between two readings
		for range 90 {
			w.send(from("203.0.113.1", "198.51.100.7", 1400, 10)...)
			w.send(from("203.0.113.1", "198.51.100.7", 1500, 3)...) // 90 are dropped in 30 s
			w.send(noise...)
			time.Sleep(time.Second)
		}
		if text := w.log.Take(); text != "" {
			t.Errorf("few packets are dropped, and the log says\n%s", text)
		}
		for range 60 {
			w.send(from("203.0.113.1", "198.51.100.7", 1400, 10)...)
			w.send(from("203.0.113.1", "198.51.100.7", 1500, 20)...)
			time.Sleep(time.Second)
		}
		line := `level=INFO msg="many packets are dropped" pipeline=edge in=30s dropped=600 of=900 most_by="mtu: bad-mtu" these=600` + "\n"
		if diff := cmp.Diff(line+line, w.log.Take()); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}

func TestTap(t *testing.T) {
	prefix := netip.MustParsePrefix
	for name, tc := range map[string]struct {
		selection live.Selection
		want      int
	}{
		"all":            {live.Selection{}, 12},
		"forwarded":      {live.Selection{Verdict: "forward"}, 9},
		"dropped":        {live.Selection{Verdict: "drop"}, 3},
		"stage":          {live.Selection{Stage: "mtu"}, 3},
		"reason":         {live.Selection{Reason: "bad-mtu"}, 3},
		"other reason":   {live.Selection{Reason: "too-short"}, 0},
		"router":         {live.Selection{Routers: []netip.Prefix{prefix("203.0.113.1/32"), prefix("2001:db8::/32")}}, 9},
		"client":         {live.Selection{Clients: []netip.Prefix{prefix("198.51.100.64/26")}}, 3},
		"target":         {live.Selection{Targets: []netip.Prefix{prefix("192.0.2.0/24")}}, 10},
		"mtu":            {live.Selection{LeastMTU: 1280, MostMTU: 1400}, 9},
		"other pipeline": {live.Selection{Pipeline: "other"}, 0},
		"filter":         {live.Selection{Filter: least(1400)}, 10},
		"panics":         {live.Selection{Filter: panics{}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			tap, err := w.live.Tap(tc.selection, 100, true)
			if err != nil {
				t.Fatal(err)
			}
			w.send(from("203.0.113.1", "198.51.100.7", 1400, 7)...)
			w.send(from("203.0.113.2", "198.51.100.99", 1500, 3)...)
			w.send(from("2001:db8::1", "2001:db8:1:2ff::7", 1280, 2)...)
			records, missed := tap.Read(false)
			if len(records) != tc.want || missed.Skipped > 0 || missed.Unread > 0 {
				t.Errorf("%d packets, missed %+v", len(records), missed)
			}
			tap.Close()
			w.send(from("203.0.113.1", "198.51.100.7", 1400, 7)...)
			if records, _ := tap.Read(false); len(records) > 0 {
				t.Errorf("%d packets after Close", len(records))
			}
		})
	}
}

// least lets MTUs from its value on pass.
type least uint32

func (l least) Filter(p *pipeline.Packet) pipeline.Reason {
	if mtu, _ := p.MTU(); mtu < uint32(l) {
		return 1
	}
	return pipeline.Pass
}

type panics struct{}

func (panics) Filter(*pipeline.Packet) pipeline.Reason { panic("a filter of somebody who looks") }

// TestTapCopies wants what a tap has read to stay when the source uses its bytes again.
func TestTapCopies(t *testing.T) {
	w := start(t)
	tap, err := w.live.Tap(live.Selection{}, 100, true)
	if err != nil {
		t.Fatal(err)
	}
	packets := from("203.0.113.1", "198.51.100.7", 1400, 1)
	want := slices.Clone(packets[0].Data)
	w.send(packets...)
	clear(packets[0].Data)
	records, _ := tap.Read(false)
	if !slices.Equal(records[0].Packet.Data, want) || records[0].Pipeline != "edge" || records[0].Captured != len(want) {
		t.Errorf("record is %+v", records[0])
	}
}

// TestSlowReader sends more than a tap takes. What is missing is counted, and nobody waits.
func TestSlowReader(t *testing.T) {
	w := start(t)
	tap, err := w.live.Tap(live.Selection{}, 400, false)
	if err != nil {
		t.Fatal(err)
	}
	batch := from("203.0.113.1", "198.51.100.7", 1400, 256)
	for range 4 {
		w.send(batch...)
	}
	records, missed := tap.Read(false)
	if len(records) != 400 || missed != (live.Missed{Skipped: 624}) {
		t.Errorf("in time: %d packets, missed %+v", len(records), missed)
	}
	for range 4 {
		w.send(batch...)
	}
	records, missed = tap.Read(true)
	if len(records) != 400 || missed != (live.Missed{Skipped: 624, Lost: 624}) {
		t.Errorf("late: %d packets, missed %+v", len(records), missed)
	}
}

func TestTapsAreBounded(t *testing.T) {
	l := live.New(slog.New(slog.DiscardHandler))
	var taps []*live.Tap
	for {
		tap, err := l.Tap(live.Selection{}, 1, false)
		if err != nil {
			break
		}
		if taps = append(taps, tap); len(taps) > 100 {
			t.Fatal("there is no bound")
		}
	}
	taps[0].Close()
	if _, err := l.Tap(live.Selection{}, 1, false); err != nil {
		t.Errorf("after one was closed: %v", err)
	}
}

// TestWatchAllocatesNothing watches a flood with taps that select all and nothing.
func TestWatchAllocatesNothing(t *testing.T) {
	w := start(t)
	for _, s := range []live.Selection{{}, {Verdict: "drop"}, {Filter: least(1)}} {
		if _, err := w.live.Tap(s, 512, true); err != nil {
			t.Fatal(err)
		}
	}
	batch := from("203.0.113.1", "198.51.100.7", 1500, 256) // dropped: queues make their slots when first needed
	for range 3 {
		w.send(batch...) // rings are filled
	}
	if n := testing.AllocsPerRun(100, func() { w.send(batch...) }); n != 0 {
		t.Errorf("%v allocations for %d packets", n, len(batch))
	}
}

// BenchmarkWatch measures a packet of a flood, nearly all of which is refused, without a
// watcher, with the daemon's, and with one tap that selects nothing.
func BenchmarkWatch(b *testing.B) {
	packets := make([]pipeline.Packet, 4096)
	for i := range packets {
		m := pipelinetest.PTB{
			Router: netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}),
			Client: netip.AddrFrom4([4]byte{198, byte(i >> 8), byte(i), 7}),
		}
		packets[i] = m.Packet(pipelinetest.Begin + pipeline.Instant(i)*1000)
	}
	for _, bc := range []struct {
		name    string
		watched bool
		tap     *live.Selection
	}{
		{"nobody", false, nil},
		{"lists", true, nil},
		{"tap", true, &live.Selection{Stage: "none"}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			l := live.New(slog.New(slog.DiscardHandler))
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			spec := newSpec(benchSource{b, packets}, nil)
			if bc.watched {
				spec.Watcher = l.Watcher("edge")
			}
			bySource, total := srcrate.Plugin().NewSettings().(*srcrate.Settings), ifacerate.Plugin().NewSettings().(*ifacerate.Settings)
			spec.Filters = append(spec.Filters,
				pipeline.Stage{Plugin: srcrate.Plugin(), Settings: bySource}, pipeline.Stage{Plugin: ifacerate.Plugin(), Settings: total})
			p, err := pipeline.New(spec)
			if err != nil {
				b.Fatal(err)
			}
			go l.Run(ctx, func() service.Status {
				return service.Status{Pipelines: []service.PipelineStatus{{Name: "edge", Pipeline: p}}}
			})
			if bc.tap != nil {
				if _, err := l.Tap(*bc.tap, 100, false); err != nil {
					b.Fatal(err)
				}
			}
			if err := p.Open(ctx); err != nil {
				b.Fatal(err)
			}
			if err := p.Run(ctx); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// benchSource delivers packets in batches for as long as the benchmark runs.
type benchSource struct {
	b       *testing.B
	packets []pipeline.Packet
}

func (benchSource) Open(context.Context) error { return nil }
func (benchSource) Close() error               { return nil }

func (s benchSource) Run(_ context.Context, deliver func([]pipeline.Packet)) error {
	s.b.ReportAllocs()
	for n := 0; s.b.Loop(); n++ {
		if n%256 == 0 {
			from := n % len(s.packets)
			deliver(s.packets[from : from+256])
		}
	}
	return nil
}

// BenchmarkWatchRatio gives the same flood to a pipeline without a watcher and to one with
// the daemon's, in turn, and reports the median of the ratios of their times. A machine that
// is slow for a while is slow for both.
func BenchmarkWatchRatio(b *testing.B) {
	packets := make([]pipeline.Packet, 64*256)
	for i := range packets {
		m := pipelinetest.PTB{
			Router: netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}),
			Client: netip.AddrFrom4([4]byte{198, byte(i >> 8), byte(i), 7}),
			MTU:    1500, // is dropped
		}
		packets[i] = m.Packet(pipelinetest.Begin + pipeline.Instant(i)*1000)
	}
	l := live.New(slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	run := func(w pipeline.Watcher) (generator, *pipeline.Pipeline) {
		g := generator{make(chan []pipeline.Packet), make(chan struct{})}
		p, err := pipeline.New(newSpec(g, w))
		if err != nil {
			b.Fatal(err)
		}
		if err := p.Open(ctx); err != nil {
			b.Fatal(err)
		}
		go func() { _ = p.Run(ctx) }() // ends with the benchmark
		return g, p
	}
	plain, _ := run(nil)
	watched, p := run(l.Watcher("edge"))
	go l.Run(ctx, func() service.Status {
		return service.Status{Pipelines: []service.PipelineStatus{{Name: "edge", Pipeline: p}}}
	})
	send := func(g generator) time.Duration {
		began := time.Now()
		g.batches <- packets
		<-g.done
		return time.Since(began)
	}
	send(plain)
	send(watched)
	var ratios, differences []float64
	for b.Loop() {
		without, with := send(plain), send(watched)
		ratios = append(ratios, float64(with)/float64(without))
		differences = append(differences, float64(with-without)/float64(len(packets)))
	}
	slices.Sort(ratios)
	slices.Sort(differences)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(differences[len(differences)/2], "ns-more/packet")
}
