// Package flood sends many frames on an interface, at a rate or as fast as it goes,
// and forges packet-too-big messages for that. It sends wherever it is told to: call
// it in a network namespace.
package flood
