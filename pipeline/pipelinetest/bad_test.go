package pipelinetest_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

const (
	usedAfterCall = "borrowed bytes were used after the call"
	dataRace      = "WARNING: DATA RACE"
)

type badPlugin struct {
	name string
	test func(t *testing.T)
	want string // in the output
}

// badPlugins break the contract in one way each. TestBadPlugins runs the kit on
// them in a process of its own and looks for the message that belongs to it.
var badPlugins = []badPlugin{
	{"good filter", testFilter(good, nil), ""},
	{"filter type in capitals", testFilter(good, func(p *pipeline.FilterPlugin[settings]) { p.Type = "MinTTL" }), `type "MinTTL" is not kebab-case`},
	{"filter without summary", testFilter(good, func(p *pipeline.FilterPlugin[settings]) { p.Summary = "" }), "no summary"},
	{"reason in snake case", testFilter(good, func(p *pipeline.FilterPlugin[settings]) {
		p.Reasons = pipeline.Reasons{1: {Name: "too_low", Doc: "broken"}}
	}), `reason "too_low" is not kebab-case`},
	{"reason twice", testFilter(good, func(p *pipeline.FilterPlugin[settings]) {
		p.Reasons = pipeline.Reasons{1: {Name: "low", Doc: "broken"}, 2: {Name: "low", Doc: "broken"}}
	}), `reason "low" is declared twice`},
	{"reason without doc", testFilter(good, func(p *pipeline.FilterPlugin[settings]) {
		p.Reasons = pipeline.Reasons{1: {Name: "low"}}
	}), `reason "low" has no doc`},
	{"metric in kebab case", testFilter(good, func(p *pipeline.FilterPlugin[settings]) {
		p.Metrics = []pipeline.MetricInfo{{Name: "sent-total", Doc: "packets sent"}}
	}), `metric "sent-total", label "": not snake_case, or no doc`},
	{"metric without doc", testFilter(good, func(p *pipeline.FilterPlugin[settings]) {
		p.Metrics = []pipeline.MetricInfo{{Name: "sent_total"}}
	}), `metric "sent_total", label "": not snake_case, or no doc`},
	{"metric with a label in capitals", testFilter(good, func(p *pipeline.FilterPlugin[settings]) {
		p.Metrics = []pipeline.MetricInfo{{Name: "sent_total", Doc: "packets sent", Label: "Peer"}}
	}), `metric "sent_total", label "Peer": not snake_case, or no doc`},
	{"setting with the name of every stage's", testReservedSetting, "field Name: every stage, or every sink, has a setting of that name"},
	{"setting in kebab case", testKebabSetting, `setting "min-ttl" is not snake_case`},
	{"setting without doc", testKebabSetting, "field MinTTL has no doc tag"},
	{"setting whose default is out of bounds", testBadSetting, "setting count: the default must be from 1 to 9, not 0"},
	{"setting with a bad bound", testBadSetting, "setting wait: tag max 10: time: missing unit in duration"},
	{"setting with a bad example", testBadSetting, `setting mode: tag example sideways: must be in or out, not "sideways"`},
	{"setting with an example that is off its pattern", testBadSetting, `setting code: "x1" does not match the pattern`},
	{"required setting without example", testBadSetting, "setting name is required, but has no example tag"},
	{"setting with an empty tag", testBadSetting, "field Name: tag min is empty"},
	{"sink given as filter", func(t *testing.T) { pipelinetest.TestFilter(t, goodSink(sinkFuncs{}), nil) }, "is a sink, not a filter"},
	{"filter with an undeclared reason", testFilter(func(*pipeline.Packet) pipeline.Reason { return 2 }, nil), "reason 2 is not declared"},
	{"filter that panics", testFilter(func(p *pipeline.Packet) pipeline.Reason { return pipeline.Reason(p.Data[0] & 1) }, nil), "index out of range"},
	{"filter that changes bytes", testFilter(func(p *pipeline.Packet) pipeline.Reason {
		if len(p.Data) > 0 {
			p.Data[0]++
		}
		return pipeline.Pass
	}, nil), "was changed"},
	{"filter that changes a field", testFilter(func(p *pipeline.Packet) pipeline.Reason {
		p.Verdict.Stage = "mine"
		return pipeline.Pass
	}, nil), "was changed"},
	{"filter that keeps bytes", testFilterOf(func() pipeline.Filter { return new(keeper) }), usedAfterCall},
	{"filter that allocates", testFilter(func(p *pipeline.Packet) pipeline.Reason {
		garbage = append([]byte(nil), p.Data...)
		return pipeline.Pass
	}, nil), "allocations for"},
	{"limiter that allocates when it is charged", testFilterOf(func() pipeline.Filter { return new(spender) }), "allocations for"},
	{"limiter that takes when it is asked", testFilterOf(func() pipeline.Filter { return new(taker) }), "was not charged for it"},
	{"filter that explains in two lines", testFilterOf(func() pipeline.Filter { return talkative{good, "one\ntwo"} }), "is not one line"},
	{"filter that explains nothing", testFilterOf(func() pipeline.Filter { return talkative{good, ""} }), "is not one line"},
	{"good filter that explains", testFilterOf(func() pipeline.Filter { return talkative{good, "60 bytes"} }), ""},
	{"filter that explains otherwise than it decides", testFilterOf(func() pipeline.Filter { return new(moody) }), "after an explanation"},
	{"good total", testFilterOf(func() pipeline.Filter { return new(total) }), ""},
	{"total that decides otherwise early", testFilterOf(func() pipeline.Filter { return &total{early: 1} }), "if the filter is asked first"},
	{"gatekeeper that opens too early", testFilterOf(func() pipeline.Filter { return &total{ahead: 1} }), "reason 0 at"},
	{"filter whose program refuses what it lets pass", testFilterOf(func() pipeline.Filter { return deaf{} }), "passes the filter, but not its program"},
	{"filter that opens a file when it is built", testFilterOf(func() pipeline.Filter {
		files, _ = os.Open(os.DevNull)
		return funcFilter(good)
	}), "building opened files"},
	{"good filter that opens something", testFilterOf(func() pipeline.Filter { return opener{good, func() {}} }), ""},
	{"filter that leaves a goroutine", testFilterOf(func() pipeline.Filter {
		return opener{good, func() { go func() { <-make(chan int) }() }}
	}), "goroutines left behind"},
	{"filter that leaves a file", testFilterOf(func() pipeline.Filter {
		return opener{good, func() { _, _ = os.Open(os.DevNull) }}
	}), "files left open"},

	{"good source", testSource(sourceFuncs{}), ""},
	{"source without time stamps", testSource(sourceFuncs{change: func(p *pipeline.Packet) { p.Time = 0 }}), "no time stamp"},
	{"source whose packets are too short", testSource(sourceFuncs{change: func(p *pipeline.Packet) { p.Length-- }}), "length 141 is below the 142 bytes captured"},
	{"source that ends at once", testSource(sourceFuncs{silent: true}), "run ended without a packet"},
	{"source that fails when it is stopped", testSource(sourceFuncs{err: context.Canceled}), "run: context canceled"},
	{"source that can't be opened", testSource(sourceFuncs{open: func() error { return os.ErrPermission }}), "open: permission denied"},
	{"source that can't be closed", testSource(sourceFuncs{close: func() error { return os.ErrClosed }}), "close: file already closed"},
	{"source that leaves goroutines", testSource(sourceFuncs{open: func() error {
		for range 3 { // one alone may be taken for one of the test's, which ends meanwhile
			go func() { <-make(chan int) }()
		}
		return nil
	}}), "goroutines left behind"},
	{"source that leaves a file", testSource(sourceFuncs{open: func() error { _, _ = os.Open(os.DevNull); return nil }}), "files left open"},

	{"good sink", testSink(sinkFuncs{}), ""},
	{"sink with an undeclared reason", testSink(sinkFuncs{deliver: func(_ []*pipeline.Packet, failed []pipeline.Reason) { failed[0] = 2 }}), "reason 2 is not declared"},
	{"sink that changes bytes", testSink(sinkFuncs{deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) {
		for _, p := range batch {
			clear(p.Data)
		}
	}}), "was changed"},
	{"sink that keeps bytes", testSink(sinkFuncs{
		deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) {
			for _, p := range batch {
				if len(p.Data) > 0 {
					kept = p.Data
				}
			}
		},
		flush: func() {
			if kept != nil {
				sum += kept[0]
			}
		},
	}), usedAfterCall},
	{"sink that allocates", testSink(sinkFuncs{deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) {
		garbage = append([]byte(nil), batch[0].Data...)
	}}), "allocations for"},
	{"sink that allocates and says so", testSinkOf(func(p *pipeline.SinkPlugin[struct{}]) {
		p.Allocates = true
		p.New = func(struct{}, pipeline.Env) (pipeline.Sink, error) {
			return sinkFuncs{deliver: func(batch []*pipeline.Packet, _ []pipeline.Reason) {
				garbage = append([]byte(nil), batch[0].Data...)
			}}, nil
		}
	}), ""},
	{"sink with figures of its own", testTalker(&talker{}), ""},
	{"sink with a metric that is not declared", testTalker(&talker{metric: 1}), "metric 1 is not declared"},
	{"sink with a label that is not declared", testTalker(&talker{label: "eth0"}), `metric sent_total has the label "eth0", which is declared as ""`},
	{"sink whose metrics race", testTalker(&talker{racy: true}), dataRace},
	{"sink that panics when it is asked", testTalker(&talker{metric: -1}), "panic when asked for metrics or health: no health"},
	{"sink that needs a host and no port", testTalker(&talker{tcp: "192.0.2.1"}), `destination "192.0.2.1": address 192.0.2.1: missing port`},
	{"sink that needs a port and no host", testTalker(&talker{tcp: ":443"}), `destination ":443": no host`},
	{"sink that needs a service", testTalker(&talker{tcp: "[2001:db8::1]:https"}), `port "https" is no number from 1 to 65535`},
	{"sink that needs port 0", testTalker(&talker{tcp: "logs.example.net:0"}), `port "0" is no number from 1 to 65535`},
	{"sink whose needs change", testTalker(&talker{fickle: true}), "needs change from"},
	{"sink that leaves a goroutine", testSink(sinkFuncs{open: func() { go func() { <-make(chan int) }() }}), "goroutines left behind"},
	{"sink that leaves a file", testSink(sinkFuncs{open: func() { _, _ = os.Open(os.DevNull) }}), "files left open"},
}

var (
	garbage, kept []byte
	files         *os.File
	sum           byte
)

type settings struct {
	Min int `setting:"min" doc:"lowest number of bytes"`
}

func good(p *pipeline.Packet) pipeline.Reason {
	if len(p.Data) < 60 {
		return 1
	}
	return pipeline.Pass
}

type funcFilter func(*pipeline.Packet) pipeline.Reason

func (f funcFilter) Filter(p *pipeline.Packet) pipeline.Reason { return f(p) }

// opener is a filter that holds something.
type opener struct {
	funcFilter
	open func()
}

func (o opener) Open(context.Context) error { o.open(); return nil }
func (opener) Close() error                 { return nil }

// testFilter runs the kit on a filter whose declaration was changed.
func testFilter(f funcFilter, change func(*pipeline.FilterPlugin[settings])) func(*testing.T) {
	p := pipeline.FilterPlugin[settings]{
		Type: "min-length", Summary: "drops short packets", Reasons: pipeline.Reasons{1: {Name: "too-short", Doc: "below 60 bytes"}},
		New: func(settings, pipeline.Env) (pipeline.Filter, error) { return f, nil },
	}
	if change != nil {
		change(&p)
	}
	return func(t *testing.T) { pipelinetest.TestFilter(t, pipeline.NewFilter(p), nil) }
}

func testFilterOf(build func() pipeline.Filter) func(*testing.T) {
	return testFilter(nil, func(p *pipeline.FilterPlugin[settings]) {
		p.New = func(settings, pipeline.Env) (pipeline.Filter, error) { return build(), nil }
	})
}

func testKebabSetting(t *testing.T) {
	type settings struct {
		MinTTL int `setting:"min-ttl"`
	}
	pipelinetest.TestFilter(t, pipeline.NewFilter(pipeline.FilterPlugin[settings]{
		Type: "min-ttl", Summary: "drops packets near their end",
		New: func(settings, pipeline.Env) (pipeline.Filter, error) { return funcFilter(good), nil },
	}), nil)
}

func testReservedSetting(t *testing.T) {
	type settings struct {
		Name string `setting:"name" doc:"whose"`
	}
	pipelinetest.TestFilter(t, pipeline.NewFilter(pipeline.FilterPlugin[settings]{
		Type: "named", Summary: "has a name",
		New: func(settings, pipeline.Env) (pipeline.Filter, error) { return funcFilter(good), nil },
	}), nil)
}

func testBadSetting(t *testing.T) {
	type settings struct {
		Count int           `setting:"count" doc:"how many" min:"1" max:"9"`
		Wait  time.Duration `setting:"wait" doc:"how long" max:"10"`
		Mode  string        `setting:"mode" doc:"which way" enum:"in,out" example:"sideways"`
		Code  string        `setting:"code" doc:"which one" pattern:"^[0-9]+$" example:"x1"`
		Name  string        `setting:"name" doc:"whose" required:"true" min:""`
	}
	pipelinetest.TestFilter(t, pipeline.NewFilter(pipeline.FilterPlugin[settings]{
		Type: "bad-settings", Summary: "declares settings that make no sense",
		New: func(settings, pipeline.Env) (pipeline.Filter, error) { return funcFilter(good), nil },
	}), nil)
}

// keeper decides about a packet by the first byte of the one before.
type keeper struct{ last []byte }

func (k *keeper) Filter(p *pipeline.Packet) pipeline.Reason {
	last := k.last
	k.last = p.Data
	if len(last) > 0 && last[0]&1 == 1 {
		return 1
	}
	return pipeline.Pass
}

// spender is a limiter of one packet a second, and allocates for each.
type spender struct{ next pipeline.Instant }

func (s *spender) Filter(p *pipeline.Packet) pipeline.Reason {
	if p.Clock < s.next {
		return 1
	}
	return pipeline.Pass
}

func (s *spender) Charge(p *pipeline.Packet) {
	s.next = p.Clock + pipeline.Instant(time.Second)
	garbage = append([]byte(nil), p.Data...)
}

// taker is a limiter of one packet a second, and charges itself.
type taker struct{ spender }

func (k *taker) Filter(p *pipeline.Packet) pipeline.Reason {
	r := k.spender.Filter(p)
	if r == pipeline.Pass {
		k.next = p.Clock + pipeline.Instant(time.Second)
	}
	return r
}

func (*taker) Charge(*pipeline.Packet) {}

// talkative is a filter with an explanation.
type talkative struct {
	funcFilter
	text string
}

func (f talkative) Explain(*pipeline.Packet) string { return f.text }

// moody refuses the packets that it has explained.
type moody struct{ asked bool }

func (m *moody) Filter(*pipeline.Packet) pipeline.Reason {
	if m.asked {
		return 1
	}
	return pipeline.Pass
}

func (m *moody) Explain(*pipeline.Packet) string {
	m.asked = true
	return "no reason"
}

// total is a limiter of one packet a second.
type total struct {
	next  pipeline.Instant
	early pipeline.Reason  // what it says of each packet when it is asked early, unless it is Pass
	ahead pipeline.Instant // how much too late it says that it opens
}

func (l *total) Filter(p *pipeline.Packet) pipeline.Reason {
	if p.Clock < l.next {
		return 1
	}
	return pipeline.Pass
}

func (l *total) Charge(p *pipeline.Packet) { l.next = p.Clock + pipeline.Instant(time.Second) }

func (*total) Foresee([]pipeline.Packet) {}

func (l *total) FilterEarly(p *pipeline.Packet, _ int) pipeline.Reason {
	if l.early != pipeline.Pass {
		return l.early
	}
	return l.Filter(p)
}

func (l *total) SaturatedUntil(now pipeline.Instant) (all, newcomers pipeline.Instant, r pipeline.Reason) {
	return l.next + l.ahead, now, 1
}

// deaf lets everything pass, and its program nothing.
type deaf struct{}

func (deaf) Filter(*pipeline.Packet) pipeline.Reason { return pipeline.Pass }

func (deaf) KernelFilter(linklayer.Type, uint32) []bpf.Instruction {
	return []bpf.Instruction{bpf.RetConstant{}}
}

// sourceFuncs is a source of one packet.
type sourceFuncs struct {
	open, close func() error
	change      func(p *pipeline.Packet)
	silent      bool  // it delivers nothing, and ends at once
	err         error // of Run
}

func (s sourceFuncs) Open(context.Context) error { return call(s.open) }

func (s sourceFuncs) Close() error { return call(s.close) }

func call(f func() error) error {
	if f == nil {
		return nil
	}
	return f()
}

func (s sourceFuncs) Run(ctx context.Context, deliver func([]pipeline.Packet)) error {
	if s.silent {
		return nil
	}
	packet := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	if s.change != nil {
		s.change(&packet)
	}
	deliver([]pipeline.Packet{packet})
	<-ctx.Done()
	return s.err
}

func testSource(s sourceFuncs) func(*testing.T) {
	return func(t *testing.T) {
		pipelinetest.TestSource(t, pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
			Type: "memory", Summary: "delivers a packet",
			New: func(struct{}, pipeline.Env) (pipeline.Source, error) { return s, nil },
		}), nil, nil)
	}
}

type sinkFuncs struct {
	open, flush func()
	deliver     func(batch []*pipeline.Packet, failed []pipeline.Reason)
}

func (s sinkFuncs) Open(context.Context) error {
	if s.open != nil {
		s.open()
	}
	return nil
}

func (s sinkFuncs) Deliver(batch []*pipeline.Packet, failed []pipeline.Reason) {
	if s.deliver != nil {
		s.deliver(batch, failed)
	}
}

func (s sinkFuncs) Flush() {
	if s.flush != nil {
		s.flush()
	}
}

func (sinkFuncs) Close() error { return nil }

func goodSink(s sinkFuncs) pipeline.Plugin {
	return pipeline.NewSink(pipeline.SinkPlugin[struct{}]{
		Type: "nowhere", Summary: "sends packets nowhere", Reasons: pipeline.Reasons{1: {Name: "lost", Doc: "broken"}},
		New: func(struct{}, pipeline.Env) (pipeline.Sink, error) { return s, nil },
	})
}

func testSink(s sinkFuncs) func(*testing.T) {
	return func(t *testing.T) { pipelinetest.TestSink(t, goodSink(s), nil) }
}

func testSinkOf(change func(*pipeline.SinkPlugin[struct{}])) func(*testing.T) {
	p := pipeline.SinkPlugin[struct{}]{
		Type: "nowhere", Summary: "sends packets nowhere", Reasons: pipeline.Reasons{1: {Name: "lost", Doc: "broken"}},
	}
	change(&p)
	return func(t *testing.T) { pipelinetest.TestSink(t, pipeline.NewSink(p), nil) }
}

// talker is a sink with health, metrics and needs.
type talker struct {
	sinkFuncs
	metric     int // -1: it has none, and panics when it is asked for its health
	label, tcp string
	fickle     bool

	asked     atomic.Int64
	delivered int
	racy      bool
}

func testTalker(sink *talker) func(*testing.T) {
	return testSinkOf(func(p *pipeline.SinkPlugin[struct{}]) {
		p.Metrics = []pipeline.MetricInfo{{Name: "sent_total", Doc: "packets sent"}}
		p.New = func(struct{}, pipeline.Env) (pipeline.Sink, error) { return sink, nil }
	})
}

func (s *talker) Deliver(batch []*pipeline.Packet, _ []pipeline.Reason) {
	if s.racy {
		s.delivered += len(batch)
	}
}

func (s *talker) Measure(emit func(metric int, label string, value float64)) {
	if s.metric >= 0 {
		emit(s.metric, s.label, float64(s.delivered))
	}
}

func (s *talker) Health() error {
	if s.metric < 0 {
		panic("no health")
	}
	return nil
}

func (s *talker) Needs() pipeline.Needs {
	if s.fickle && s.asked.Add(1)%2 == 0 {
		return pipeline.Needs{Families: []string{"AF_INET"}}
	}
	if s.tcp != "" {
		return pipeline.Needs{TCP: []string{s.tcp}}
	}
	return pipeline.Needs{UDP: []string{"192.0.2.1:514", "logs.example.net:514"}}
}

// badEnv names the bad plugin that a process is to test.
const badEnv = "PIPELINETEST_BAD_PLUGIN"

func TestBadPlugins(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, bad := range badPlugins {
		t.Run(bad.name, func(t *testing.T) {
			if os.Getenv(badEnv) != "" {
				t.Skip("this is the process of another test")
			}
			if bad.want == usedAfterCall && runtime.GOOS != "linux" {
				t.Skip("memory can't be taken away here")
			}
			if bad.want == dataRace && !hasRaceDetector() {
				t.Skip("only the race detector sees it")
			}
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBadPlugin$")
			cmd.Env = append(os.Environ(), badEnv+"="+bad.name)
			out, err := cmd.CombinedOutput()
			if (err == nil) != (bad.want == "") || !strings.Contains(string(out), bad.want) {
				t.Errorf("%v, and no %q in:\n%s", err, bad.want, out)
			}
		})
	}
}

// hasRaceDetector reports whether the test was built with -race.
func hasRaceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// TestBadPlugin is the other process.
func TestBadPlugin(t *testing.T) {
	name := os.Getenv(badEnv)
	if name == "" {
		t.Skip("runs in a process of TestBadPlugins")
	}
	for _, bad := range badPlugins {
		if bad.name == name {
			bad.test(t)
		}
	}
}
