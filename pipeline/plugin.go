package pipeline

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/seen"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Reason is why a stage did not let a packet on: an index into its plugin's
// Reasons, counted from 1. The zero value is [Pass].
type Reason uint8

// Pass is the Reason of a packet that was let pass or delivered.
const Pass Reason = 0

// Reasons declare what each [Reason] of a plugin is called. They are 1, 2 and so on.
type Reasons map[Reason]ReasonInfo

// list returns the reasons in their order. One that is missing, or declared for Pass, is a
// mistake in the plugin: it panics.
func (r Reasons) list(plugin string) []ReasonInfo {
	all := make([]ReasonInfo, 0, len(r))
	for i := range len(r) {
		info, ok := r[Reason(i+1)]
		if !ok {
			panic(fmt.Sprintf("plugin %s has %d reasons, and none of them is %d", plugin, len(r), i+1))
		}
		all = append(all, info)
	}
	return all
}

// ReasonInfo declares a Reason of a plugin.
type ReasonInfo struct {
	Name string // kebab-case
	Doc  string // when it is given, one sentence

	// PacketFault marks a reason of a sink that is the packet's: the sink takes none of this
	// kind, and that it failed says nothing about the sink's health.
	PacketFault bool
}

// Reasons of the engine itself.
const (
	// reasonPanic counts packets at which a plugin panicked.
	reasonPanic = "panic"
	// reasonUndeclared counts packets for which a plugin gave a Reason that it
	// did not declare.
	reasonUndeclared = "undeclared"
	// reasonQueueFull counts packets that a full queue shed.
	reasonQueueFull = "queue-full"
	// reasonTooOld counts packets that had waited for too long when their turn came
	// ([SinkStage]).
	reasonTooOld = "too-old"
	// reasonStopped counts packets that were still queued when a sink had to be
	// given up, or not yet queued when a panic stopped the pipeline.
	reasonStopped = "stopped"
	// reasonInjected counts packets that a sink was not given because pmtud had put them into
	// the host's network stack before ([Reach]).
	reasonInjected = "injected"
	// reasonRelayed counts packets that a sink was not given because another host's pmtud had
	// handed them over ([Reach]): they came from there, or have the content of one that did.
	reasonRelayed = "relayed"
	// reasonCanary counts canaries, which the engine drops before the first filter.
	reasonCanary = "canary"
)

// A Source reads packets. Its methods are called by one goroutine: Open once,
// then Run once, then Close; Close also follows a failed Open.
type Source interface {
	// Open acquires sockets and files. It must not wait longer than ctx lasts.
	Open(ctx context.Context) error

	// Run reads packets and passes them to deliver in batches, in the order of
	// their capture, until there are no more (nil), ctx is done (nil) or it can't
	// go on (an error). What had been captured when ctx was done may still be
	// delivered. A batch is lent to deliver, which sets the engine's fields in it; it
	// is the source's again when deliver returns. Deliver must not be called after
	// Run has returned.
	Run(ctx context.Context, deliver func(batch []Packet)) error

	// Close releases what Open acquired.
	Close() error
}

// A LossySource is a Source that knows how many packets were lost before it could
// read them, for example in a full socket buffer.
type LossySource interface {
	Source

	// Lost returns the number of packets lost since Open. It is safe for
	// concurrent use.
	Lost() uint64
}

// A Filter decides about packets. It is never called concurrently and may keep
// state, bounded when it is created.
type Filter interface {
	// Filter returns Pass or the reason to drop p. It must not change p but for
	// ReadPort, nor keep any part of it.
	Filter(p *Packet) Reason
}

// A Limiter is a Filter with a budget. Filter only looks whether the budget has
// room; Charge takes it. So a packet that a later filter refuses costs nothing. What
// Filter itself refuses, it may remember.
type Limiter interface {
	Filter

	// Charge is called right after Filter let p pass and all other filters of
	// the list did, before Filter is called for another packet.
	Charge(p *Packet)
}

// An Opener is a Filter that holds something from outside the process. Its
// methods are called as a Source's are.
type Opener interface {
	Open(ctx context.Context) error
	Close() error
}

// A KernelFilter is a Filter that can be had in the kernel. A pipeline that
// begins with one lets live sources attach it, so that packets which it drops
// never reach the program. The filter itself stays in place.
type KernelFilter interface {
	Filter

	// KernelFilter returns a classic BPF program that accepts every packet of
	// the link type that Filter lets pass, and none of which Filter could do
	// better than drop it. It sees packets as the kernel does, without their
	// outermost VLAN tag, and returns snaplen for accepted ones. Nil means that
	// there is none for this link type.
	KernelFilter(link linklayer.Type, snaplen uint32) []bpf.Instruction
}

// A Sink does something with packets that passed. Its methods are called by one
// goroutine: Open once, then Deliver and Flush as packets come, then Close; Close
// also follows a failed Open.
type Sink interface {
	// Open acquires sockets and files. It must not wait longer than ctx lasts.
	Open(ctx context.Context) error

	// Deliver handles the packets of batch in order. For each packet that could
	// not be delivered it sets the element of failed, which has the length of
	// batch and is all Pass. Packets are lent for the length of the call and must
	// not be changed; batch itself may be. Failing is normal: the next batch is
	// delivered all the same.
	Deliver(batch []*Packet, failed []Reason)

	// Flush is called when no more packets are queued. What it can't do in time
	// it tries again at the next call; errors are the sink's to count or log.
	Flush()

	// Close flushes and releases what Open acquired.
	Close() error
}

// Env is what a stage is built with, besides its settings.
type Env struct {
	Pipeline string       // name of the pipeline
	Stage    string       // name of the stage
	Log      *slog.Logger // for what happens rarely; never per packet

	// Program is the name and version of the program, such as "pmtud/1.2.0", as clients give
	// it to servers.
	Program string

	Stdin  io.Reader // the program's streams, where a stage stands for them
	Stdout io.Writer

	// KernelFilter is set for sources of a pipeline that begins with a
	// KernelFilter.
	KernelFilter func(link linklayer.Type, snaplen uint32) []bpf.Instruction

	// SaturatedFor and CountRefused are set for sources of a pipeline with a [TotalLimiter]
	// that can be asked first. They may use them or not. The first returns how long, from the
	// last packet's time stamp on, a source may leave packets unread: all of them, and those
	// of senders who did not ask before. Both are 0 while the pipeline takes packets. It is
	// called between two batches. The second counts n packets that a source therefore left
	// unread, the last of them with the time stamp last.
	SaturatedFor func() (all, newcomers time.Duration)
	CountRefused func(n int, last Instant)

	// Arrived remembers the IP packets that other hosts' pmtud handed to this program or that
	// it put into the host's network stack. All stages of a program share it. Who adds a
	// packet or asks for one gives the host's time or a time stamp, not the clock of a
	// pipeline: these differ after the host's time was set back.
	Arrived *seen.Memory

	// Published remembers the IP packets that this program gave to message systems, which may
	// hand them back to it. All stages of a program share it; times are as for Arrived.
	Published *seen.Memory

	// Canaries says that somebody wants to hear canaries (package canary): a KernelFilter must not
	// leave those in the kernel that were broadcast.
	Canaries bool
}

// Kind is the role of a plugin.
type Kind uint8

// Kinds.
const (
	KindSource Kind = iota + 1
	KindFilter
	KindSink
)

// String returns "source", "filter" or "sink".
func (k Kind) String() string {
	switch k {
	case KindSource:
		return "source"
	case KindFilter:
		return "filter"
	case KindSink:
		return "sink"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Plugin is a kind of stage that a program offers. Make one with [NewSource],
// [NewFilter] or [NewSink].
type Plugin struct {
	Kind    Kind
	Type    string       // its name in configurations, kebab-case
	Summary string       // one line for lists
	Reasons []ReasonInfo // why it drops or fails packets; a [Reason] counts them from 1
	Metrics []MetricInfo // of a [Measurer]
	Reach   Reach        // of a sink

	// Lossless marks a source that can wait without losing packets.
	Lossless bool

	// Allocates marks a sink whose Deliver or Flush allocates memory, as clients of HTTP and
	// of message brokers do. Under a flood it costs more than one that does not.
	Allocates bool

	settings func() any
	build    func(settings any, env Env) (any, error)
}

// NewSettings returns a pointer to a new settings struct that holds the defaults.
// Its fields carry the tags that package [setting] describes.
func (p Plugin) NewSettings() any { return p.settings() }

// Build returns a stage made from settings (a pointer from NewSettings): a
// [Source], [Filter] or [Sink] by the plugin's kind. It touches nothing outside
// the process. It checks the settings by their tags ([setting.Check]) before the
// plugin's own constructor sees them. Errors that belong to one setting are
// [setting.Error] values, or join several.
func (p Plugin) Build(settings any, env Env) (any, error) { return p.build(settings, env) }

// FilterPlugin describes a filter whose settings are an S: a struct whose fields carry the
// tags that package [setting] describes. New is called with settings that were checked by
// these, and only has to check what depends on more than one.
type FilterPlugin[S any] struct {
	Type     string
	Summary  string
	Reasons  Reasons
	Metrics  []MetricInfo
	Defaults S
	New      func(settings S, env Env) (Filter, error)
}

// NewFilter makes a Plugin of f.
func NewFilter[S any](f FilterPlugin[S]) Plugin {
	return Plugin{
		Kind: KindFilter, Type: f.Type, Summary: f.Summary, Reasons: f.Reasons.list(f.Type), Metrics: f.Metrics,
		settings: newDefaults(f.Defaults), build: untyped(f.New),
	}
}

// SourcePlugin describes a source; see [FilterPlugin] for S.
type SourcePlugin[S any] struct {
	Type     string
	Summary  string
	Lossless bool
	Metrics  []MetricInfo
	Defaults S
	New      func(settings S, env Env) (Source, error)
}

// NewSource makes a Plugin of s.
func NewSource[S any](s SourcePlugin[S]) Plugin {
	return Plugin{
		Kind: KindSource, Type: s.Type, Summary: s.Summary, Lossless: s.Lossless, Metrics: s.Metrics,
		settings: newDefaults(s.Defaults), build: untyped(s.New),
	}
}

// SinkPlugin describes a sink; see [FilterPlugin] for S.
type SinkPlugin[S any] struct {
	Type     string
	Summary  string
	Reasons  Reasons
	Metrics  []MetricInfo
	Reach    Reach
	Defaults S

	// Allocates says that Deliver or Flush allocates memory; see [Plugin].
	Allocates bool

	New func(settings S, env Env) (Sink, error)
}

// NewSink makes a Plugin of s.
func NewSink[S any](s SinkPlugin[S]) Plugin {
	return Plugin{
		Kind: KindSink, Type: s.Type, Summary: s.Summary, Reasons: s.Reasons.list(s.Type), Metrics: s.Metrics, Reach: s.Reach, Allocates: s.Allocates,
		settings: newDefaults(s.Defaults), build: untyped(s.New),
	}
}

func newDefaults[S any](defaults S) func() any {
	return func() any {
		s := defaults
		return &s
	}
}

// untyped wraps a plugin's own constructor for settings that are an any.
func untyped[S, T any](build func(S, Env) (T, error)) func(any, Env) (any, error) {
	return func(settings any, env Env) (any, error) {
		s, ok := settings.(*S)
		if !ok {
			return nil, fmt.Errorf("build stage %s: settings are %T, not %T", env.Stage, settings, new(S))
		}
		if err := setting.Check(s); err != nil {
			return nil, err
		}
		return build(*s, env)
	}
}
