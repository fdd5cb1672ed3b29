// Package afpacket has Linux packet sockets (packet(7)) that follow an interface:
// it may go down, disappear and come back while the socket stays. It is what live
// sources and sinks share; their sending and receiving is their own.
package afpacket
