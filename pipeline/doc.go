// Package pipeline is a small framework for packet pipelines: sources read
// packets, filters decide about them, sinks do something with those that passed.
//
//	source ─┐                                  ┌─ queue ─ sink
//	        ├─ clock ─ decode ─ filter … filter ┤
//	source ─┘                                  └─ filter … ─ queue ─ sink
//
// A pipeline is built from a [Spec]: stages in the order of the configuration
// file, each a [Plugin] with its settings. Building touches nothing outside the
// process; [Pipeline.Open] opens sinks, then filters, then sources, and
// [Pipeline.Run] works until the sources end or the context is done.
//
// # One packet's way
//
// A source delivers batches of packets. For each packet, in order, the engine
//
//  1. advances the pipeline's clock to the packet's time stamp ([Packet.Clock]),
//  2. decodes the packet once ([View]),
//  3. asks the filters in the order of the file; the first that gives a
//     [Reason] other than [Pass] ends it,
//  4. charges the limiters ([Limiter]) when all filters let the packet pass, and
//  5. offers it to every sink, whose own filters work the same way.
//
// All of this happens in the goroutine of the source, a part of a batch at a time under
// the pipeline's lock: filters are never called concurrently, and nothing is
// handed between goroutines until a packet has passed. Each sink then has a
// bounded queue and a goroutine of its own, so that a slow, failing or stuck sink
// changes nothing for the others. A full queue gives up its oldest packets
// (counted as shed) for sources that can't wait, and makes sources wait that can
// (replay of a file). A sink may also be spared packets that have become too old while
// they waited ([SinkStage]), since nobody needs a PTB that is seconds old: a live one
// only, so a replay loses none. Their age is the host's time when their turn comes less
// their time stamp, which takes no more readings of the clock. Should the host's clock
// step meanwhile, those few are misjudged that wait at that moment.
//
// # Accounting
//
// The engine counts, not the plugins. For a pipeline
//
//	received = forwarded + dropped(stage, reason)
//
// and for each of its sinks
//
//	offered = dropped(stage, reason) + delivered + failed(reason) + shed(reason) + queued
//
// where offered is what the pipeline forwarded and queued is 0 once the pipeline
// has stopped. Reasons are declared by each plugin ([Plugin.Reasons]), so that
// the set of counters is known, and bounded, when the pipeline is built. The
// engine's own reasons are `panic`, `undeclared`, `queue-full`, `too-old`, `stopped`,
// `injected`, `relayed` and `canary`; the last is of no stage but `engine`.
//
// Beside the counters it measures bytes, the next-hop MTUs of forwarded PTBs and how
// old packets are when a sink has delivered them ([Counters]). The last costs one
// reading of the host's clock for each batch of a sink, in the sink's goroutine.
//
// # Time
//
// Filters know no time but [Packet.Clock]. It follows the packets' time stamps
// and never runs backwards, so a replay of a capture decides as the live
// pipeline did, whatever its speed. When time stamps step back by up to
// ten seconds, it stands still until they have caught up; after a larger step it goes on at
// their pace.
//
// # Bytes are lent
//
// [Packet.Data] belongs to the source and is lent for the length of one call. A
// filter or sink that needs bytes later copies them before it returns. Nobody
// but the source writes to them: what a filter or a sink sees is what all see.
//
// # The hot path
//
// Between a source's delivery and a sink's queue nothing allocates, locks per
// packet, logs, formats or reads a clock. State is bounded when it is created.
//
// Under a flood most packets are refused whatever they are, because a limit of the
// total is used up. When many packets come at once, that limit is asked before the other
// filters ([TotalLimiter]), and while it refuses everything, a live source may leave packets
// in the kernel and count them only ([Env]). The counters then hold them as dropped by that
// limit.
//
// # Nothing goes round
//
// A message that one host hands to another, and that one back, would grow with every host
// that it passes. So a sink declares how far its packets get ([Reach]), and a packet tells
// how it came to this host ([Origin], [Packet.Injected]): the engine never gives a sink that
// sends to other hosts what another host's pmtud handed over. What comes back without
// such a mark is recognised by its content ([Env].Arrived and package seen), by the engine
// too. Test messages (package canary) do not even come to the first filter.
//
// # Failure
//
// A sink that fails to deliver a packet says so with a reason and goes on. A
// source that can't go on returns an error, which ends its pipeline and no
// other. A panic in a plugin is treated as such an error: it is caught, names
// the stage, and stops the pipeline; the packet at hand is counted as dropped or
// failed with `panic`.
//
// # What a stage reports about itself
//
// Settings, reasons and metrics are declared with the plugin, once: configurations
// are decoded and checked by them, and lists, schemas and manuals are made of them.
// A built stage may tell what it uses of the host ([HostUser]), give figures beyond
// the counters ([Measurer]), and say what keeps it from its work now ([HealthChecker]). The
// engine adds what it sees itself: see [Pipeline.Health]. All that is told of a stage begins with its
// [StageID], and [Pipeline.Stages] gives the stages themselves, for what else is to be asked.
//
// # Stability
//
// Until 1.0.0 a minor version may change what is exported here and in the packages below, and
// CHANGELOG.md says how. Names of reasons, metrics and settings are as stable as the program: those
// of a plugin are only added to. What package pipelinetest demands of plugins may grow.
//
// # Writing a plugin
//
// A plugin is a value: see [FilterPlugin], [SourcePlugin], [SinkPlugin]. There is
// no registration: a program is a main function with a list of plugins, and
// package pipelinetest has the tests that every plugin must pass.
package pipeline
