// Package nats has the source `nats`, which receives the IP packets that sinks `nats` of
// other hosts publish: see [github.com/pmtud/pmtud/pipeline/natslink] for the format of a
// message, for subjects, and for the connection.
//
// Its packets begin with the IP header and are marked as relayed, so the engine gives them to
// no sink that sends to other hosts. What this program published itself is not received back
// (own), and what came within two seconds before, by whichever host and by whichever relay, is
// a repetition.
//
// A message that was sent longer than `max_age` ago is dropped as too-old: a PTB that is
// seconds old is worth nothing. So the hosts' clocks have to agree better than that.
//
// Everything that is refused is counted by its reason, and logged once for each of the reasons
// that tell of a mistake. What waits for the pipeline is bounded in number and in bytes; what
// finds no room is counted as lost, and as the trouble slow-consumer. While there is no
// connection messages are missed, and nobody counts them.
//
// With a subject that holds {target}, `targets` says to which addresses this host subscribes.
package nats
