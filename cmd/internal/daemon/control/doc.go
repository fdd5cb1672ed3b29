// Package control lets people look at a running daemon: over a unix socket, in HTTP and
// JSON.
//
//	GET /api/status   what runs, with counters, rates and health: [Status]
//	GET /api/top      the heaviest routers, clients, targets and MTUs: [Top]
//	GET /api/messages the last message about each of the last clients: [Messages]
//	GET /api/tap      packets as they are decided, a line of JSON each: see [TapQuery]
//
// The daemon serves its page beside them, see package page.
//
// The [Handler] is the same whatever serves it. Names and meanings of fields are a contract
// with scripts: fields are added, never renamed or removed. Numbers of packets are totals
// since the pipeline was opened; rates are packets a second.
//
// # The socket
//
// It is made before the process gives up its rights, and stays through reloads. Only the
// daemon's user, its group and root can connect, see package unixsocket.
//
// Connections are bounded. Those that ask for nothing give way first. A client that stops
// reading loses packets, never time of the daemon's.
package control
