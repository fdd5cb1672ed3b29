// Package hearing sends the canaries of a daemon through the sinks of its pipelines, and says which
// other servers it hears (package canary has the messages and what is counted of them).
//
// # Who is expected
//
// A server that was heard is expected from then on, by each way by which it was heard since it last
// loaded a configuration. Once two of its intervals have passed without a canary, it is not heard. A server on the
// list of a sink peers or relay is expected too, after three intervals, though it was never heard: a canary
// tells the addresses of its sender, or its name may be the listed one. For broadcast and NATS
// nobody is listed, so only those that were heard are known.
//
// None of that makes a daemon unready: it does its own work.
//
// # When
//
// The first canary goes out when a configuration runs, and each following one after 80 to 90 % of the interval.
// So a single one that is lost makes nobody silent for two intervals. The setting is the
// daemon's and not a pipeline's, since servers and not pipelines are alive. A reload that only changes interval
// or name leaves the pipelines alone; one that turns canaries on or off opens all of them
// again, for their kernel filters differ.
package hearing
