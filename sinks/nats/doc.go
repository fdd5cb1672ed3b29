// Package nats has the sink `nats`, which publishes the IP packet of a PTB whole, outer
// addresses included, over a NATS system. Hosts of all sites subscribe to it with the source
// `nats`, and a sink such as `inject` hands it to their network stacks. So a message heals a
// connection of another site, to which neither a LAN nor a list of peers leads.
//
// # What is published
//
// See [github.com/pmtud/pmtud/pipeline/whole] for which packets and which of their bytes, and
// [github.com/pmtud/pmtud/pipeline/natslink] for the format of a message and for subjects.
//
// # Failures
//
// Core NATS delivers at most once, and nothing is kept for later: a PTB that is seconds old is
// worth nothing. While there is no server packets fail as no-server. A server that does not
// read for 2 s is given up. What a server refuses afterwards, such as a subject that the user
// may not publish to, is counted by `troubles_total` and a complaint.
//
// # Nothing goes round
//
// The engine gives the sink nothing that came from a relay or from NATS or that was injected
// ([pipeline.ReachNetwork]), whether it is marked as such or known by its content. What the
// sink publishes, no source `nats` of the same program takes back
// ([pipeline.Env].Published).
//
// # In a replay
//
// A replay records the IP packet as it would be published: messages are different each time.
package nats
